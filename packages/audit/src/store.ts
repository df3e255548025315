// SQL for the audit log: inserting, reading and sealing. The functions accept the database or transaction of any service that
// has the table.
import type { Database } from "@muster/db";
import { sql, type Transaction } from "kysely";
import { type AuditHead, type AuditRow, ENTRY_COLUMNS, SEAL_COLUMNS } from "./entry.ts";
import type { Seal } from "./sealer.ts";
import type { AuditTables } from "./table.ts";

export type AuditTx<Tables extends AuditTables = AuditTables> = Transaction<Tables>;
export type AuditDb<Tables extends AuditTables = AuditTables> = Database<Tables> | Transaction<Tables>;

/** Of a service's many tables only this one: Kysely's types are invariant in the tables, so the compiler has to be told. */
export function onlyLog<Tables extends AuditTables>(db: AuditDb<Tables>): AuditDb {
  return db as unknown as AuditDb;
}

/**
 * Until the transaction ends nobody else appends. The first entry is the lock: a lock on the last one alone would let whoever waits for it go
 * on with an entry that is the last one no more.
 */
export async function lockLog(tx: AuditDb): Promise<AuditHead> {
  await tx.selectFrom("audit_log").select("position").where("position", "=", 0).forUpdate().executeTakeFirstOrThrow();
  // Locked too: the release before waits for this one. And read anew, whatever this transaction saw before.
  return tx
    .selectFrom("audit_log")
    .select(["position", "hash"])
    .orderBy("position", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirstOrThrow();
}

export async function insertEntry(tx: AuditDb, row: AuditRow): Promise<void> {
  await tx.insertInto("audit_log").values(row).execute();
}

export async function setSeal(tx: AuditDb, position: number, seal: Seal): Promise<void> {
  await tx.updateTable("audit_log").set(seal).where("position", "=", position).execute();
}

export async function findHead(db: AuditDb): Promise<AuditHead | undefined> {
  return db
    .selectFrom("audit_log")
    .select(["position", "hash"])
    .orderBy("position", "desc")
    .limit(1)
    .executeTakeFirst();
}

export async function findHash(db: AuditDb, position: number): Promise<Buffer | undefined> {
  const row = await db.selectFrom("audit_log").select("hash").where("position", "=", position).executeTakeFirst();
  return row?.hash;
}

export async function findFirstWithAction(db: AuditDb, action: string): Promise<AuditRow | undefined> {
  return db
    .selectFrom("audit_log")
    .select([...ENTRY_COLUMNS, ...SEAL_COLUMNS])
    .where("action", "=", action)
    .orderBy("position")
    .limit(1)
    .executeTakeFirst();
}

/** Newest first, without where the chain starts; `before` 0 starts at the end. */
export async function listEntriesBefore(db: AuditDb, before: number, limit: number): Promise<AuditRow[]> {
  let query = db
    .selectFrom("audit_log")
    .select([...ENTRY_COLUMNS, ...SEAL_COLUMNS])
    .where("position", ">", 0);
  if (before > 0) query = query.where("position", "<", before);
  return query.orderBy("position", "desc").limit(limit).execute();
}

/** Oldest first, the start of the chain included. */
export async function listEntriesAfter(db: AuditDb, position: number, limit: number): Promise<AuditRow[]> {
  return db
    .selectFrom("audit_log")
    .select([...ENTRY_COLUMNS, ...SEAL_COLUMNS])
    .where("position", ">", position)
    .orderBy("position")
    .limit(limit)
    .execute();
}

/** Of a table from before seals, as in a backup of that time. */
export async function listUnsealableAfter(db: AuditDb, position: number, limit: number): Promise<AuditRow[]> {
  const rows = await db
    .selectFrom("audit_log")
    .select(ENTRY_COLUMNS)
    .where("position", ">", position)
    .orderBy("position")
    .limit(limit)
    .execute();
  return rows.map((row) => ({ ...row, key_id: null, seal: null }));
}

export async function hasSealColumns(db: AuditDb): Promise<boolean> {
  const { rows } = await sql<{ n: unknown }>`
    select count(*) as n from information_schema.columns
     where table_schema = database() and table_name = 'audit_log' and column_name in (${sql.join(SEAL_COLUMNS)})`.execute(
    db,
  );
  return Number(rows[0]?.n) === SEAL_COLUMNS.length;
}
