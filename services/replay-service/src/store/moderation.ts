// Suspect matches as operators see them, and what they decide.
import { type Cursor, cursorTime, type Database, inTransaction, isBelowCursor } from "@muster/db";
import { sql } from "kysely";
import type { Tables } from "../schema.ts";
import { wantEffect } from "./effects.ts";
import { REPLAY, type ReplayRow } from "./replays.ts";

export interface Suspect {
  readonly match_id: string;
  readonly mode: string;
  readonly game_id: string;
  readonly build_id: string;
  readonly ended_at: Date;
  readonly reason: string | null;
  readonly detail: string | null;
  readonly decision: "accepted" | "confirmed" | null;
  readonly decided_by: string | null;
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
      "r.decided_by",
      "r.decided_why",
      "e.applied",
    ])
    .where("r.verdict", "=", "suspect")
    .orderBy("r.ended_at", "desc")
    .limit(limit);
  if (!decidedToo) query = query.where("r.decision", "is", null);
  return query.execute();
}

export interface SuspectRow extends ReplayRow {
  readonly detail: string | null;
  readonly applied: "excluded" | "included" | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly decided_why: string | null;
  /** For a cursor. */
  readonly at: string;
}

/** Newest first: ranges of an index, one for each decision. */
export async function pageOfSuspects(
  db: Database<Tables>,
  decided: boolean,
  limit: number,
  after: Cursor | undefined,
): Promise<SuspectRow[]> {
  let query = db
    .selectFrom("replays as r")
    .leftJoin("rating_effects as e", "e.match_id", "r.match_id")
    .select(REPLAY.map((column) => `r.${column}` as const))
    .select(["r.detail", "r.decided_by", "r.decided_at", "r.decided_why", "e.applied"])
    .select(cursorTime("r.ended_at").as("at"))
    .where("r.verdict", "=", "suspect")
    .orderBy("r.ended_at", "desc")
    .orderBy("r.match_id", "desc")
    .limit(limit);
  query = decided ? query.where("r.decision", "in", ["accepted", "confirmed"]) : query.where("r.decision", "is", null);
  if (after) query = query.where(isBelowCursor("r.ended_at", "r.match_id", after));
  return query.execute();
}

/** @returns false: the match is not suspect */
export function decide(
  db: Database<Tables>,
  matchId: string,
  {
    decision,
    by,
    why,
    at,
  }: {
    readonly decision: "accepted" | "confirmed";
    /** UUID of an account, or `operator` for the command line. */
    readonly by: string;
    readonly why: string;
    readonly at: Date;
  },
): Promise<boolean> {
  return inTransaction(
    db,
    async (tx) => {
      const row = await tx
        .selectFrom("replays")
        .select("verdict")
        .where("match_id", "=", matchId)
        .forUpdate()
        .executeTakeFirst();
      if (row?.verdict !== "suspect") return false;
      await tx
        .updateTable("replays")
        .set({ decision, decided_by: by, decided_why: why, decided_at: at })
        .where("match_id", "=", matchId)
        .execute();
      await wantEffect(tx, matchId, decision === "accepted" ? "included" : "excluded", `operator: ${why}`, at);
      return true;
    },
    { repeatable: "decide" },
  );
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
