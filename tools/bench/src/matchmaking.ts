// A pass over a queue of the matchmaker, as it is and as it was with every ticket looking at its whole neighbourhood: CPU time per
// pass and ticket, the longest slice, and how good the groups are.
//
//   node src/matchmaking.ts [--tickets 1000,10000,100000] [--reference-max 10000]
//
// --reference-max: the old way is not asked for more tickets, since it takes their square.
import { parseArgs } from "node:util";
import { Queue, type QueueRules, type WaitingTicket } from "@muster/matchmaker/testing";
import { referenceGroups } from "./matchmaking-reference.ts";

const { values } = parseArgs({
  options: {
    tickets: { type: "string", default: "1000,10000,100000" },
    "reference-max": { type: "string", default: "10000" },
  },
});

const NOW = 1_000_000;
const RULES = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
/** As the matchmaker's own: see services/matchmaker/src/matching.ts. */
const SLICE_MS = 5;
/** Passes over small queues are measured again and again, until so many tickets: the clock of a thread is coarse. */
const TICKETS_MEASURED = 100_000;

interface Case {
  readonly name: string;
  readonly seats: number;
  readonly waitedS: number;
  readonly rating: (random: () => number) => number;
  readonly regions: readonly string[];
}

/** About normal, as Elo ratings of many players are: the sum of four dice. */
const elo = (random: () => number): number => Math.round(1500 + (random() + random() + random() + random() - 2) * 600);
const CASES: readonly Case[] = [
  { name: "fresh", seats: 2, waitedS: 0, rating: elo, regions: [""] },
  { name: "up to 20 s old", seats: 2, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, 3 seats", seats: 3, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, 10 seats", seats: 10, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, one rating", seats: 2, waitedS: 20, rating: () => 1500, regions: [""] },
  { name: "old, 4 regions", seats: 2, waitedS: 20, rating: elo, regions: ["eu", "us", "asia", ""] },
  { name: "old, sparse", seats: 2, waitedS: 20, rating: (random) => Math.round(random() * 1e6), regions: [""] },
];

/** Of this thread: what else the machine does is not in it. */
function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Mulberry32: the same tickets in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function ticketsOf({ waitedS, rating, regions }: Case, count: number): WaitingTicket[] {
  const random = seeded(count);
  return Array.from({ length: count }, (_, i) => ({
    ticketId: `t${i}`,
    playerId: `p${i}`,
    playerName: "",
    gatewayId: "g",
    mode: "m",
    rating: rating(random),
    region: regions[Math.floor(random() * regions.length)] as string,
    since: NOW - Math.floor(random() * waitedS * 1000),
    traceparent: "",
  }));
}

interface Pass {
  readonly groups: WaitingTicket[][];
  readonly addMs: number;
  readonly passMs: number;
  readonly longestSliceMs: number;
}

function slicedPass(tickets: readonly WaitingTicket[], rules: QueueRules): Pass {
  const queue = new Queue(rules);
  const addFrom = cpuMs();
  for (const ticket of tickets) queue.add(ticket);
  const addMs = cpuMs() - addFrom;
  const groups: WaitingTicket[][] = [];
  let [passMs, longestSliceMs] = [0, 0];
  do {
    const from = cpuMs();
    groups.push(...queue.group(NOW, Infinity, () => cpuMs() - from < SLICE_MS));
    const tookMs = cpuMs() - from;
    passMs += tookMs;
    longestSliceMs = Math.max(longestSliceMs, tookMs);
  } while (queue.midPass);
  return { groups, addMs, passMs, longestSliceMs };
}

function quality(groups: readonly WaitingTicket[][], tickets: number): { grouped: string; mean: string; p95: string } {
  const spreads = groups
    .map((group) => Math.max(...group.map((one) => one.rating)) - Math.min(...group.map((one) => one.rating)))
    .toSorted((a, b) => a - b);
  const mean = spreads.reduce((sum, spread) => sum + spread, 0) / Math.max(1, spreads.length);
  return {
    grouped: ((groups.flat().length / tickets) * 100).toFixed(1),
    mean: mean.toFixed(1),
    p95: String(spreads[Math.floor(spreads.length * 0.95)] ?? "-"),
  };
}

const rows: Record<string, string>[] = [];
for (const one of CASES) {
  const rules = { ...RULES, seats: one.seats };
  for (const count of values.tickets.split(",").map(Number)) {
    const tickets = ticketsOf(one, count);
    for (let i = 0; i < 3; i++) slicedPass(tickets.slice(0, 2000), rules); // compiled
    const passes = Array.from({ length: Math.max(1, Math.round(TICKETS_MEASURED / count)) }, () =>
      slicedPass(tickets, rules),
    );
    const mean = (of: (pass: Pass) => number): number => passes.reduce((sum, one) => sum + of(one), 0) / passes.length;
    const [addMs, passMs] = [mean((pass) => pass.addMs), mean((pass) => pass.passMs)];
    const longestSliceMs = Math.max(...passes.map((pass) => pass.longestSliceMs));
    const { groups } = passes[0] as Pass;
    const now = quality(groups, count);
    const row: Record<string, string> = {
      queue: one.name,
      tickets: String(count),
      "pass ms": passMs.toFixed(1),
      "longest slice ms": longestSliceMs.toFixed(1),
      "µs/ticket": ((passMs * 1000) / count).toFixed(2),
      "add µs/ticket": ((addMs * 1000) / count).toFixed(2),
      "grouped %": now.grouped,
      "spread mean": now.mean,
      "spread p95": now.p95,
    };
    if (count <= Number(values["reference-max"])) {
      const from = cpuMs();
      const before = quality(referenceGroups(tickets, NOW, rules), count);
      row["before: pass ms"] = (cpuMs() - from).toFixed(0);
      row["grouped % "] = before.grouped;
      row["mean"] = before.mean;
      row["p95"] = before.p95;
    }
    rows.push(row);
  }
}
console.table(rows);
