// Suspect matches as operators see them, and what they decide.
import { type Database, inTransaction } from "@muster/db";
import { sql } from "kysely";
import type { Tables } from "../schema.ts";
import { wantEffect } from "./effects.ts";

export interface Suspect {
  readonly match_id: string;
  readonly mode: string;
  readonly game_id: string;
  readonly build_id: string;
  readonly ended_at: Date;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly decision: "accepted" | "confirmed" | null;
  readonly decided_why: string | null;
  /** What rating-service has done. */
  readonly applied: "excluded" | "included" | null;
}

/** Newest first. */
export function listSuspects(db: Database<Tables>, limit: number, decidedToo: boolean): Promise<Suspect[]> {
  let query = db
    .selectFrom("replays as r")
    .leftJoin("rating_effects as e", "e.match_id", "r.match_id")
    .select([
      "r.match_id",
      "r.mode",
      "r.game_id",
      "r.build_id",
      "r.ended_at",
      "r.reason",
      "r.detail",
      "r.decision",
      "r.decided_why",
      "e.applied",
    ])
    .where("r.verdict", "=", "suspect")
    .orderBy("r.ended_at", "desc")
    .limit(limit);
  if (!decidedToo) query = query.where("r.decision", "is", null);
  return query.execute();
}

/** @returns false: the match is not suspect */
export function decide(
  db: Database<Tables>,
  matchId: string,
  { decision, why, at }: { readonly decision: "accepted" | "confirmed"; readonly why: string; readonly at: Date },
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const row = await tx
      .selectFrom("replays")
      .select("verdict")
      .where("match_id", "=", matchId)
      .forUpdate()
      .executeTakeFirst();
    if (row?.verdict !== "suspect") return false;
    await tx
      .updateTable("replays")
      .set({ decision, decided_why: why, decided_at: at })
      .where("match_id", "=", matchId)
      .execute();
    await wantEffect(tx, matchId, decision === "accepted" ? "included" : "excluded", `operator: ${why}`, at);
    return true;
  });
}

/** Those that have a log, and those of which match-service may have it. @returns how many are due again */
export async function makeDueAgain(
  db: Database<Tables>,
  which: { readonly matchId: string } | { readonly reason: string },
): Promise<number> {
  let query = db
    .updateTable("replays")
    .set({ due_at: sql<Date>`utc_timestamp(6)`, claim: null, attempts: 0 })
    .where("verdict", "is not", null)
    .where("log_bytes", "is not", null)
    .where("options", "is not", null);
  query =
    "matchId" in which
      ? query.where("match_id", "=", which.matchId)
      : query.where("verdict", "=", "unverifiable").where("reason", "=", which.reason);
  const { numUpdatedRows } = await query.executeTakeFirst();
  return Number(numUpdatedRows);
}
