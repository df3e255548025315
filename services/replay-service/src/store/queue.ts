// The queue of verifications: rows of `replays` that are due, and the leases of those that are claimed. All times are the server's.
import { type Database, inTransaction } from "@muster/db";
import { cut } from "@muster/runtime";
import { sql, type Transaction } from "kysely";
import type { Outcome } from "../replays.ts";
import type { Tables } from "../schema.ts";
import { inMs, now } from "./server-clock.ts";

type Db = Database<Tables> | Transaction<Tables>;
type Tx = Transaction<Tables>;

const DETAIL_CHARS_MAX = 512;

export interface Claimed {
  readonly matchId: string;
  readonly traceparent: string;
  /** With this one. */
  readonly attempts: number;
}

export async function makeDue(db: Db, matchId: string): Promise<void> {
  await db
    .updateTable("replays")
    .set({ due_at: now, claim: null, attempts: 0 })
    .where("match_id", "=", matchId)
    .execute();
}

/** Takes what has been due for longest, and whose claim, if any, has run out. Two instances never take the same. */
export function claimDue(
  db: Database<Tables>,
  { claim, limit, leaseMs }: { readonly claim: string; readonly limit: number; readonly leaseMs: number },
): Promise<Claimed[]> {
  return inTransaction(
    db,
    async (tx) => {
      const rows = await tx
        .selectFrom("replays")
        .select(["match_id", "traceparent", "attempts"])
        .where("due_at", "<=", now)
        .orderBy("due_at")
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .execute();
      if (rows.length === 0) return [];
      const ids = rows.map(({ match_id }) => match_id);
      await tx
        .updateTable("replays")
        .set({ due_at: inMs(leaseMs), claim, attempts: sql`attempts + 1` })
        .where("match_id", "in", ids)
        .execute();
      return rows.map(({ match_id, traceparent, attempts }) => ({
        matchId: match_id,
        traceparent,
        attempts: attempts + 1,
      }));
    },
    { isolation: "read committed", repeatable: "claim replays" },
  );
}

/** Gives a claim back that nothing came of. `counts`: the attempt may have failed because of the match. */
export async function giveBack(
  db: Db,
  given: { readonly matchId: string; readonly claim: string; readonly afterMs: number; readonly counts: boolean },
): Promise<void> {
  await db
    .updateTable("replays")
    .set({
      due_at: inMs(given.afterMs),
      claim: null,
      ...(given.counts ? {} : { attempts: sql`if(attempts > 0, attempts - 1, 0)` }),
    })
    .where("match_id", "=", given.matchId)
    .where("claim", "=", given.claim)
    .execute();
}

/** Locks the replay, for who emits its event. @returns false: the claim has run out, and somebody else has it */
export async function lockClaimed(tx: Tx, matchId: string, claim: string): Promise<boolean> {
  const row = await tx
    .selectFrom("replays")
    .select("match_id")
    .where("match_id", "=", matchId)
    .where("claim", "=", claim)
    .forUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

/** A decision was on another verdict: it does not hold any more. */
export async function storeOutcome(
  tx: Tx,
  matchId: string,
  { verdict, reason, detail }: Outcome,
  at: Date,
): Promise<void> {
  await tx
    .updateTable("replays")
    .set({
      verdict,
      reason,
      detail: cut(detail, DETAIL_CHARS_MAX),
      verified_at: at,
      due_at: null,
      claim: null,
      ...(verdict === "suspect"
        ? { kept_as: "suspect" as const }
        : { decision: null, decided_at: null, decided_by: null, decided_why: null }),
    })
    .where("match_id", "=", matchId)
    .execute();
}
