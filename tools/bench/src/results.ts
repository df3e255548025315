// What the outbox row costs: results that match-service stores per second, each in its transaction, with the row and without, in turn on one
// durable database.
//
//   node src/results.ts [--results 1500] [--at-once 8] [--log-bytes 4000] [--rounds 5] [--json]
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createDatabase, inTransaction, migrate } from "@muster/db";
import { freePort, provision, startMariadb } from "@muster/local";
import {
  type Ending,
  insertMatch,
  lockMatch,
  migrations,
  storeOutcome,
  type Tables,
} from "@muster/match-service/testing";
import { anyDatabase } from "@muster/resilience/testing";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import type { Transaction } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    results: { type: "string", default: "1500" },
    "at-once": { type: "string", default: "8" },
    "log-bytes": { type: "string", default: "4000" },
    rounds: { type: "string", default: "5" },
    json: { type: "boolean", default: false },
  },
});

function count(name: "results" | "at-once" | "log-bytes" | "rounds", max: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1 || value > max)
    refuseOptions(`--${name} is a whole number from 1 to ${max}`);
  return value;
}

const RESULTS = count("results", 100_000);
const AT_ONCE = count("at-once", 64);
const LOG_BYTES = count("log-bytes", 48_000);
const ROUNDS = count("rounds", 21);
const ENDING: Ending = {
  state: "ended",
  endReason: "played",
  cancelReason: null,
  ticks: 5400,
  stateHash: "0badcafe",
  seats: [
    { score: 1, rank: 1 },
    { score: 0, rank: 2 },
  ],
  unplayed: [],
};

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
const mariadb = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: true });
const urls = await provision({
  adminUrl: mariadb.adminUrl,
  suffix: `bench_${randomBytes(4).toString("hex")}`,
  passwordOf: (user) => `bench-${user}`,
});
const url = urls["match-service"];
const part = createDatabase<Tables>({ url, dependency: anyDatabase(AT_ONCE, { waitMs: 5000, statementMs: 20_000 }) });
const { db } = part;

try {
  await migrate(db, migrations);
  await storedPerS(true); // warm
  await storedPerS(false);
  const rounds: { withRow: number; withoutRow: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    // By turns who is first: what comes later finds a fuller database.
    const first = await storedPerS(i % 2 === 0);
    const second = await storedPerS(i % 2 !== 0);
    rounds.push(i % 2 === 0 ? { withRow: first, withoutRow: second } : { withRow: second, withoutRow: first });
  }
  const report = {
    withRowPerS: Math.round(median(rounds.map(({ withRow }) => withRow)) ?? Number.NaN),
    withoutRowPerS: Math.round(median(rounds.map(({ withoutRow }) => withoutRow)) ?? Number.NaN),
    ratio: Number((median(rounds.map(({ withRow, withoutRow }) => withRow / withoutRow)) ?? Number.NaN).toFixed(2)),
    loadAverage: os.loadavg().map((load) => Number(load.toFixed(1))),
  };
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(
      `results per second: ${report.withRowPerS} with the outbox row, ${report.withoutRowPerS} without: ratio ${report.ratio} (${ROUNDS} rounds, ${AT_ONCE} at once)`,
    );
    console.log(`load average of the machine: ${report.loadAverage.join(" ")}`);
  }
} finally {
  await part.stop();
  await mariadb.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** @returns results per second */
async function storedPerS(withRow: boolean): Promise<number> {
  const ids = Array.from({ length: RESULTS }, () => uuidv7());
  await atOnce(ids, createMatch);
  const inputLog = randomBytes(LOG_BYTES);
  const begun = performance.now();
  await atOnce(ids, (id) =>
    inTransaction(db, async (tx) => {
      const record = await lockMatch(tx, id);
      if (!record) throw new Error("the match is gone");
      await storeOutcome(withRow ? tx : withoutOutbox(tx), record, ENDING, new Date(), inputLog);
    }),
  );
  return (RESULTS / (performance.now() - begun)) * 1000;
}

async function atOnce(ids: readonly string[], work: (id: string) => Promise<unknown>): Promise<void> {
  const left = [...ids];
  const worker = async (): Promise<void> => {
    for (let id = left.pop(); id !== undefined; id = left.pop()) await work(id);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function createMatch(id: string): Promise<void> {
  const match = {
    id,
    mode: "duel",
    game_id: "duel",
    build_id: "duel-1",
    seed: 1,
    epoch: 1,
    shard_id: "bench",
    state: "running" as const,
    created_at: new Date(),
    ended_at: null,
    end_reason: null,
    cancel_reason: null,
    ticks: 0,
    state_hash: "",
    options: "{}",
  };
  const seats = [0, 1].map((seat) => ({ seat, playerId: uuidv7(), playerName: `p${seat}`, bot: "" }));
  await inTransaction(db, (tx) => insertMatch(tx, match, seats, null));
}

/** The event is made and checked all the same; only its row is not stored. */
function withoutOutbox(tx: Transaction<Tables>): Transaction<Tables> {
  const nothing = { values: () => ({ execute: async () => [] }) };
  return new Proxy(tx, {
    get(target, name) {
      if (name === "insertInto")
        return (table: keyof Tables) => (table === "outbox" ? nothing : target.insertInto(table));
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
