// SQL for what players report.
import { type Cursor, cursorTime, isBelowCursor } from "@muster/db";
import type { ReportCategoryName, ReportDecisionName } from "@muster/contracts/identity/names";
import type { Db, Tx } from "./db.ts";

export interface NewReport {
  readonly id: string;
  readonly reporter_id: string;
  readonly player_id: string;
  readonly category: ReportCategoryName;
  readonly comment: string;
  readonly match_id: string | null;
  readonly channel_id: string | null;
  readonly message_seq: number | null;
  readonly message_body: string | null;
  readonly created_at: Date;
}

const REPORT = [
  "r.id",
  "r.reporter_id",
  "r.player_id",
  "r.category",
  "r.comment",
  "r.match_id",
  "r.channel_id",
  "r.message_seq",
  "r.message_body",
  "r.created_at",
  "r.decision",
  "r.decided_by",
  "r.decided_at",
  "r.decided_why",
] as const;

export interface StoredReport extends NewReport {
  readonly decision: ReportDecisionName | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly decided_why: string | null;
  readonly reporter_name: string | null;
  readonly player_name: string | null;
  /** For a cursor. */
  readonly at: string;
}

export async function insertReport(tx: Tx, report: NewReport): Promise<void> {
  await tx
    .insertInto("reports")
    .values({ ...report, decision: null, decided_by: null, decided_at: null, decided_why: null })
    .execute();
}

/** The same reporter about the same player, and the same message or match. */
export async function findOpenReport(
  db: Db,
  { reporter_id, player_id, match_id, channel_id, message_seq }: NewReport,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("reports")
    .select("id")
    .where("player_id", "=", player_id)
    .where("decided", "=", 0)
    .where("reporter_id", "=", reporter_id)
    .where((eb) =>
      eb.and([
        match_id === null ? eb("match_id", "is", null) : eb("match_id", "=", match_id),
        channel_id === null ? eb("channel_id", "is", null) : eb("channel_id", "=", channel_id),
        message_seq === null ? eb("message_seq", "is", null) : eb("message_seq", "=", message_seq),
      ]),
    )
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** The times of a reporter's reports since then, oldest first, at most `limit`. */
export async function listReportTimes(db: Db, reporterId: string, since: Date, limit: number): Promise<Date[]> {
  const rows = await db
    .selectFrom("reports")
    .select("created_at")
    .where("reporter_id", "=", reporterId)
    .where("created_at", ">", since)
    .orderBy("created_at")
    .limit(limit)
    .execute();
  return rows.map((row) => row.created_at);
}

/** Newest first. */
export async function listReports(
  db: Db,
  which: { readonly decided: boolean; readonly playerId: string | undefined },
  limit: number,
  after: Cursor | undefined,
): Promise<StoredReport[]> {
  let query = db
    .selectFrom("reports as r")
    .leftJoin("accounts as reporter", "reporter.id", "r.reporter_id")
    .leftJoin("accounts as player", "player.id", "r.player_id")
    .select([
      ...REPORT,
      "reporter.name as reporter_name",
      "player.name as player_name",
      cursorTime("r.created_at").as("at"),
    ])
    .where("r.decided", "=", which.decided ? 1 : 0)
    .orderBy("r.created_at", "desc")
    .orderBy("r.id", "desc")
    .limit(limit);
  if (which.playerId !== undefined) query = query.where("r.player_id", "=", which.playerId);
  if (after) query = query.where(isBelowCursor("r.created_at", "r.id", after));
  return query.execute();
}

/** Locks the row until the transaction ends. */
export async function lockReport(
  tx: Tx,
  id: string,
): Promise<{ decision: ReportDecisionName | null; player_id: string } | undefined> {
  return tx.selectFrom("reports").select(["decision", "player_id"]).where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function storeDecision(
  tx: Tx,
  id: string,
  {
    decision,
    by,
    at,
    why,
  }: { readonly decision: ReportDecisionName; readonly by: string; readonly at: Date; readonly why: string },
): Promise<void> {
  await tx
    .updateTable("reports")
    .set({ decided: 1, decision, decided_by: by, decided_at: at, decided_why: why })
    .where("id", "=", id)
    .execute();
}

/** @returns how many went */
export async function deleteOldReports(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("reports")
    .where("decided", "in", [0, 1]) // two ranges of the index
    .where("created_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
