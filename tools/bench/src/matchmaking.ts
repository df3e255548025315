// One pass over a queue of the matchmaker: its cost per ticket, its longest slice, and the quality of the groups compared
// with a full scan of every ticket's neighbourhood. The total number of tickets is the same for every queue length: a hundred
// queues of 1,000, or one of 100,000.
//
//   pnpm --filter @muster/bench matchmaking [--tickets 1000,10000,100000] [--reference-max 10000] [--warm]
//
// --warm: each queue is passed over as soon as it is filled, out of the processor's caches. A pass of the matchmaker comes from other work, and so
// does a pass here otherwise: after all queues are filled and the heap is collected.
// --reference-max: the reference is not asked for more tickets, since it takes their square.
//
// The times are by the wall clock, since the clock of a thread's CPU time goes in steps of 4 ms here, and to ask it costs more than a choice. So
// give it a core of its own (chrt -r 5).
import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { programOptions } from "@muster/testkit/program-options";
import { Queue, timeSlice, type WaitingTicket } from "@muster/matchmaker/testing";
import { referenceGroups } from "./matchmaking-reference.ts";
import { percentile, seededRandom } from "@muster/testkit/numbers";

const { values } = programOptions({
  options: {
    tickets: { type: "string", default: "1000,10000,100000" },
    "reference-max": { type: "string", default: "10000" },
    warm: { type: "boolean", default: false },
  },
});

const NOW = 1_000_000;
const RULES = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
/** As the matchmaker's own: see services/matchmaker/src/queue/matching-loop.ts. */
const SLICE_MS = 5;
/** In a round, however long the queues. */
const TICKETS_PER_ROUND = 100_000;
const ROUNDS = 7;
/** Before the passes of a round: a process with real-time priority is stopped for 50 ms when it took 950 of the last 1000. */
const REST_MS = 60;
/** Until the engine has compiled what runs often. */
const ROUNDS_BEFORE = 3;

interface Case {
  readonly name: string;
  readonly seats: number;
  readonly waitedS: number;
  readonly rating: (random: () => number) => number;
  readonly regions: readonly string[];
  /** As after a restart of the matchmaker: otherwise those that wait longest come first. */
  readonly anyOrder?: boolean;
}

/** About normal, as Elo ratings of many players are: the sum of four dice. */
const elo = (random: () => number): number => Math.round(1500 + (random() + random() + random() + random() - 2) * 600);
const CASES: readonly Case[] = [
  { name: "fresh", seats: 2, waitedS: 0, rating: elo, regions: [""] },
  { name: "up to 20 s old", seats: 2, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, in any order", seats: 2, waitedS: 20, rating: elo, regions: [""], anyOrder: true },
  { name: "old, 3 seats", seats: 3, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, 10 seats", seats: 10, waitedS: 20, rating: elo, regions: [""] },
  { name: "old, one rating", seats: 2, waitedS: 20, rating: () => 1500, regions: [""] },
  { name: "old, 4 regions", seats: 2, waitedS: 20, rating: elo, regions: ["eu", "us", "asia", ""] },
  { name: "old, sparse", seats: 2, waitedS: 20, rating: (random) => Math.round(random() * 1e6), regions: [""] },
];

function ticketsOf({ waitedS, rating, regions, anyOrder }: Case, count: number, seed: number): WaitingTicket[] {
  const random = seededRandom(seed); // the same tickets in every run
  const tickets = Array.from({ length: count }, (_, i) => ({
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
  return anyOrder ? tickets : tickets.sort((a, b) => a.since - b.since);
}

interface Filled {
  readonly queue: Queue;
  readonly tickets: readonly WaitingTicket[];
  /** Where they are. */
  readonly slots: number[];
}

interface Round {
  /** Of the first queue. */
  readonly groups: WaitingTicket[][];
  readonly addMs: number;
  readonly passMs: number;
  readonly longestSliceMs: number;
}

/** The same queues in every round, since those of the matchmaker are in use for long. */
async function round(queues: readonly Filled[]): Promise<Round> {
  const all: WaitingTicket[][][] = [];
  let [addMs, passMs, longestSliceMs] = [0, 0, 0];
  for (const some of values.warm ? queues.map((one) => [one]) : [queues]) {
    const addFrom = performance.now();
    for (const { queue, tickets, slots } of some)
      for (let i = 0; i < tickets.length; i++) slots[i] = queue.add(tickets[i] as WaitingTicket, i);
    addMs += performance.now() - addFrom;
    if (!values.warm) {
      collectGarbage();
      await setTimeout(REST_MS);
    }
    for (const { queue } of some) {
      const groups: WaitingTicket[][] = [];
      do {
        const from = performance.now();
        const found = queue.group(
          NOW,
          Infinity,
          timeSlice(() => performance.now(), SLICE_MS),
        );
        const tookMs = performance.now() - from;
        groups.push(...found);
        passMs += tookMs;
        longestSliceMs = Math.max(longestSliceMs, tookMs);
      } while (queue.midPass);
      all.push(groups);
    }
    for (const { queue, tickets, slots } of some)
      for (const [i, ticket] of tickets.entries()) queue.remove(ticket, slots[i] as number);
  }
  return { groups: all[0] as WaitingTicket[][], addMs, passMs, longestSliceMs };
}

function quality(groups: readonly WaitingTicket[][], tickets: number): { grouped: string; mean: string; p95: string } {
  const spreads = groups.map(
    (group) => Math.max(...group.map((one) => one.rating)) - Math.min(...group.map((one) => one.rating)),
  );
  const mean = spreads.reduce((sum, spread) => sum + spread, 0) / Math.max(1, spreads.length);
  return {
    grouped: ((groups.flat().length / tickets) * 100).toFixed(1),
    mean: mean.toFixed(1),
    p95: String(percentile(spreads, 0.95) ?? "-"),
  };
}

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const rows: Record<string, string>[] = [];
for (const one of CASES) {
  const rules = { ...RULES, seats: one.seats };
  let shortest: number | undefined;
  for (const count of values.tickets.split(",").map(Number)) {
    const queues = Array.from({ length: Math.max(1, Math.round(TICKETS_PER_ROUND / count)) }, (_, i): Filled => {
      const tickets = ticketsOf(one, count, count + i);
      return { queue: new Queue(rules), tickets, slots: [] };
    });
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS_BEFORE + ROUNDS; i++) rounds.push(await round(queues));
    rounds.splice(0, ROUNDS_BEFORE);
    const median = (of: (round: Round) => number): number =>
      rounds.map(of).toSorted((a, b) => a - b)[ROUNDS >> 1] as number;
    const passMs = median((round) => round.passMs / queues.length);
    const perTicket = (passMs * 1000) / count;
    shortest ??= perTicket;
    const now = quality((rounds[0] as Round).groups, count);
    const row: Record<string, string> = {
      queue: one.name,
      tickets: String(count),
      "pass ms": passMs.toFixed(2),
      "longest slice ms": median((round) => round.longestSliceMs).toFixed(1),
      "of all": Math.max(...rounds.map((round) => round.longestSliceMs)).toFixed(1),
      "µs/ticket": perTicket.toFixed(2),
      "× shortest": (perTicket / shortest).toFixed(2),
      "add µs/ticket": median((round) => (round.addMs * 1000) / queues.length / count).toFixed(2),
      "grouped %": now.grouped,
      "spread mean": now.mean,
      "spread p95": now.p95,
    };
    if (count <= Number(values["reference-max"])) {
      const from = performance.now();
      const before = quality(referenceGroups((queues[0] as Filled).tickets, NOW, rules), count);
      row["reference: pass ms"] = (performance.now() - from).toFixed(0);
      row["grouped % "] = before.grouped;
      row["mean"] = before.mean;
      row["p95"] = before.p95;
    }
    rows.push(row);
  }
}
console.table(rows);
