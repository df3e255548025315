// SQL on the audit log: it is inserted into and read, nothing else.
import type { Selectable } from "kysely";
import type { AuditLogTable } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

export type AuditRow = Selectable<AuditLogTable>;

const ENTRY = ["position", "at", "actor", "action", "target", "reason", "trace_id", "previous_hash", "hash"] as const;

/** The last entry, locked until the transaction ends: appenders come one after the other. */
export async function holdLastEntry(tx: Tx): Promise<Pick<AuditRow, "position" | "hash">> {
  return tx
    .selectFrom("audit_log")
    .select(["position", "hash"])
    .orderBy("position", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

export async function insertEntry(tx: Tx, entry: AuditRow): Promise<void> {
  await tx.insertInto("audit_log").values(entry).execute();
}

/** Newest first; `before` 0 starts at the end. */
export async function listEntries(db: Db, before: number, limit: number): Promise<AuditRow[]> {
  let query = db.selectFrom("audit_log").select(ENTRY).where("position", ">", 0);
  if (before > 0) query = query.where("position", "<", before);
  return query.orderBy("position", "desc").limit(limit).execute();
}

/** Oldest first, the start of the chain included. */
export async function listEntriesAfter(db: Db, position: number, limit: number): Promise<AuditRow[]> {
  return db
    .selectFrom("audit_log")
    .select(ENTRY)
    .where("position", ">", position)
    .orderBy("position")
    .limit(limit)
    .execute();
}
