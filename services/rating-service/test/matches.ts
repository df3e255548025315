// Matches for tests: random ones that can be had again, and results that can be delivered in any order.
import { inTransaction, isTransient } from "@muster/db";
import fc from "fast-check";
import { type Applied, applyResult } from "../src/apply.ts";
import { erasePlayer } from "../src/erase.ts";
import type { Participant, Result } from "../src/fold.ts";
import { rewindMode } from "../src/rewind.ts";
import { listRewindModes } from "../src/store/results.ts";
import type { TestDatabase } from "./database.ts";

export const MODE = "duel";
const START_MS = Date.parse("2026-11-27T10:00:00Z");

/** Version 7, as far as the database cares. */
export function idOf(kind: "player" | "match", n: number): string {
  return `01a20ab1-${kind === "player" ? "0000" : "1111"}-7000-8000-${String(n).padStart(12, "0")}`;
}

export const player = (n: number): string => idOf("player", n);

export function match(n: number, participants: readonly Participant[], more: Partial<Result> = {}): Result {
  return { matchId: idOf("match", n), mode: MODE, endedAtMs: START_MS + n * 60_000, region: "", participants, ...more };
}

/** The first one won. */
export function duel(n: number, winner: number, loser: number, more: Partial<Result> = {}): Result {
  const participants = [winner, loser].map((one, i) => ({ playerId: player(one), rank: i + 1 }));
  return match(n, participants, more);
}

/** Of few players, who meet again and again, or of more. */
const participants = fc
  .oneof(
    fc.uniqueArray(fc.nat(2), { minLength: 2, maxLength: 2 }),
    fc.uniqueArray(fc.nat(7), { minLength: 2, maxLength: 6 }),
  )
  .chain((players) =>
    fc
      .tuple(
        fc.boolean(),
        fc.array(fc.record({ team: fc.nat(2), rank: fc.integer({ min: 1, max: 3 }), odd: fc.nat(19) }), {
          minLength: players.length,
          maxLength: players.length,
        }),
      )
      .map(([inTeams, seats]): Participant[] =>
        players.map((one, i) => ({
          playerId: player(one),
          rank: seats[i]?.rank ?? 1,
          ...(inTeams && { team: seats[i]?.team ?? 0 }),
          ...(seats[i]?.odd === 0 && { bot: true as const }),
          ...((seats[i]?.odd ?? 0) > 16 && { unplayed: true as const }),
        })),
      ),
  );

/** Some end at the same moment; they go over more than a day, so that meetings are forgotten, and over two regions. */
export const histories = fc
  .array(fc.tuple(participants, fc.nat(30), fc.constantFrom("", "eu")), { minLength: 1, maxLength: 25 })
  .map((all) =>
    all.map(([seats, hour, region], n) => match(n, seats, { endedAtMs: START_MS + hour * 3_600_000, region })),
  );

export function apply({ db }: Pick<TestDatabase, "db">, result: Result): Promise<Applied> {
  return inTransaction(db, (tx) => applyResult(tx, result, new Date()), { isolation: "read committed" });
}

/** As the consumer does: what could not get its locks is tried again. */
export async function applyInTheEnd(on: Pick<TestDatabase, "db">, result: Result): Promise<Applied> {
  for (;;)
    try {
      return await apply(on, result);
    } catch (err) {
      if (!isTransient(err)) throw err;
    }
}

export async function eraseInTheEnd({ db }: Pick<TestDatabase, "db">, playerId: string): Promise<void> {
  for (;;)
    try {
      return await inTransaction(db, (tx) => erasePlayer(tx, playerId, new Date()), { isolation: "read committed" });
    } catch (err) {
      if (!isTransient(err)) throw err;
    }
}

/** What the service does by itself. */
export async function rewindAll({ db }: Pick<TestDatabase, "db">): Promise<void> {
  for (const mode of await listRewindModes(db)) await rewindMode(db, mode, { now: () => new Date(), pageResults: 3 });
}
