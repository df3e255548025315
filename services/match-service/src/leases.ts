// Leases: a shard regularly reports which matches it holds. A match that no shard reports any more is cancelled here, as
// `shard_lost`.
//
// A lease's age is the number of rounds since its renewal. Rounds are counted in the database. The first instance that has
// observed the current round for its full length, on its own monotonic clock, starts the next one. Nothing depends on the
// time of day, so a clock that jumps cannot end a match. Time in which no match-service was running does not count, because
// nobody could renew a lease then. An instance that was stopped counts a single round when it continues, however long the
// stop was.
import { inTransaction, type Database } from "@muster/db";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { cancelReasons, matchStates } from "@muster/contracts/match/names";
import { CancelReason, type LostLeaseSchema } from "@muster/contracts/match/v2";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { Counter } from "prom-client";
import type { Ending } from "./matches.ts";
import { storeOutcome } from "./outcomes.ts";
import type { Tables } from "./schema.ts";
import { advanceRound, findLeases, lockExpired, leaseRound, storeLeases } from "./store.ts";

/** Rounds without a renewal until a match is ended: more than twice what a live shard's rows can be behind. */
export const LEASE_ROUNDS = 6;
/** Rows that were renewed so lately are not written again. */
const FRESH_ROUNDS = 1;
/** Matches that are ended in one transaction. */
const BATCH_MAX = 50;
/** Transactions a round; the rest waits for the next one. */
const BATCHES_MAX = 40;

const SHARD_LOST: Ending = {
  state: "cancelled",
  endReason: null,
  cancelReason: "shard_lost",
  ticks: 0,
  stateHash: "",
  seats: [],
  unplayed: [],
};

/** @returns the matches that this shard no longer holds. */
export async function renewLeases(
  db: Database<Tables>,
  shardId: string,
  matchIds: readonly string[],
): Promise<MessageInitShape<typeof LostLeaseSchema>[]> {
  const [round, rows] = [await leaseRound(db), await findLeases(db, matchIds)];
  const held = rows.filter((row) => row.state === "running" && row.shard_id === shardId);
  const due = held.filter((row) => row.lease_round === null || row.lease_round + FRESH_ROUNDS < round);
  if (due.length > 0)
    await storeLeases(
      db,
      due.map(({ id }) => id),
      shardId,
      round,
    );
  const kept = new Set(held);
  return rows
    .filter((row) => !kept.has(row))
    .map((row) => ({
      matchId: row.id,
      state: matchStates.valueOf(row.state),
      cancelReason: row.cancel_reason ? cancelReasons.valueOf(row.cancel_reason) : CancelReason.UNSPECIFIED,
    }));
}

export interface LeaseSweepOptions {
  readonly db: Database<Tables>;
  readonly roundMs: number;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Counts the rounds and cancels matches that no shard holds. Any number of instances may run. */
export function createLeaseSweep({ db, roundMs, now, metrics, log }: LeaseSweepOptions): Component {
  const expired = new Counter({
    name: "match_leases_expired_total",
    help: "Matches cancelled as shard_lost because no shard held them any more",
    registers: [metrics],
  });
  let seen: number | undefined;
  let running: Promise<void> = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const endBatch = async (round: number): Promise<number> => {
    const records = await inTransaction(
      db,
      async (tx) => {
        const expiredRecords = await lockExpired(tx, round - LEASE_ROUNDS, BATCH_MAX);
        for (const record of expiredRecords) await storeOutcome(tx, record, SHARD_LOST, now());
        return expiredRecords;
      },
      { repeatable: "end expired matches" },
    );
    for (const { match } of records)
      log.error(
        { matchId: match.id, shardId: match.shard_id, epoch: match.epoch },
        "no shard holds this match any more; it is cancelled as shard_lost",
      );
    return records.length;
  };

  const round = async (): Promise<void> => {
    try {
      if (seen !== undefined) await advanceRound(db, seen);
      seen = await leaseRound(db);
      if (seen < LEASE_ROUNDS) return;
      for (let batch = 0, ended = BATCH_MAX; batch < BATCHES_MAX && ended === BATCH_MAX && !stopped; batch++) {
        ended = await endBatch(seen);
        expired.inc(ended);
      }
    } catch (err) {
      seen = undefined; // unknown when the round began: observe it for a full round again
      log.warn({ err }, "leases could not be checked; trying again");
    }
  };

  const next = (): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = round().finally(next);
    }, roundMs);
  };

  return {
    name: "leases",
    async start() {
      running = round().finally(next);
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
