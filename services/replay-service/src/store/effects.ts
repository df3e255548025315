// What rating-service is to do with suspect matches.
import { type Database, inTransaction } from "@muster/db";
import { sql, type Transaction } from "kysely";
import type { Tables } from "../schema.ts";
import { inMs, now } from "./server-clock.ts";

type Tx = Transaction<Tables>;
export type Effect = "excluded" | "included";

/** Whoever wants something has the replay locked. */
export async function wantEffect(tx: Tx, matchId: string, wanted: Effect, why: string, at: Date): Promise<void> {
  const row = { wanted, why, due_at: now, attempts: 0, changed_at: at };
  if (wanted === "excluded") {
    await tx
      .insertInto("rating_effects")
      .values({ match_id: matchId, applied: null, ...row })
      .onDuplicateKeyUpdate(row)
      .execute();
    return;
  }
  // What was never taken out need not be put back.
  await tx
    .updateTable("rating_effects")
    .set(row)
    .where("match_id", "=", matchId)
    .where("wanted", "!=", wanted)
    .execute();
}

export interface DueEffect {
  readonly matchId: string;
  readonly wanted: Effect;
  readonly why: string;
  readonly attempts: number;
}

/** Nobody else asks for these until the lease has run out: it is longer than a call may take. */
export function claimEffects(db: Database<Tables>, limit: number, leaseMs: number): Promise<DueEffect[]> {
  return inTransaction(
    db,
    async (tx) => {
      const rows = await tx
        .selectFrom("rating_effects")
        .select(["match_id", "wanted", "why", "attempts"])
        .where("due_at", "<=", now)
        .orderBy("due_at")
        .limit(limit)
        .forUpdate()
        .skipLocked()
        .execute();
      if (rows.length === 0) return [];
      await tx
        .updateTable("rating_effects")
        .set({ due_at: inMs(leaseMs), attempts: sql`attempts + 1` })
        .where(
          "match_id",
          "in",
          rows.map(({ match_id }) => match_id),
        )
        .execute();
      return rows.map(({ match_id, wanted, why, attempts }) => ({
        matchId: match_id,
        wanted,
        why,
        attempts: attempts + 1,
      }));
    },
    { isolation: "read committed", repeatable: "claim effects" },
  );
}

/** When something else is wanted by now, that is due at once. */
export async function storeApplied(db: Database<Tables>, matchId: string, applied: Effect): Promise<void> {
  await db
    .updateTable("rating_effects")
    .set({ applied, attempts: 0, due_at: sql`if(wanted = ${applied}, null, utc_timestamp(6))` })
    .where("match_id", "=", matchId)
    .execute();
}

export async function postponeEffect(db: Database<Tables>, matchId: string, ms: number): Promise<void> {
  await db
    .updateTable("rating_effects")
    .set({ due_at: inMs(ms) })
    .where("match_id", "=", matchId)
    .execute();
}
