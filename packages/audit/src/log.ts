import { cut } from "@muster/runtime";
import { currentTrace } from "@muster/tracing";
import { type AuditEntry, type AuditRow, hashOf } from "./entry.ts";
import type { Sealer } from "./sealer.ts";
import {
  type AuditDb,
  type AuditTx,
  findHash,
  findHead,
  lockLog,
  insertEntry,
  listEntriesBefore,
  onlyLog,
} from "./store.ts";
import type { AuditTables } from "./table.ts";

const NO_TRACE = "0".repeat(32);
/** Code points: as the column has it. What is hashed has to be what is stored. */
const REASON_CHARS_MAX = 256;

export interface AuditLog<Action extends string> {
  /**
   * In the transaction of what it tells of: both happen or neither does. Appenders come one after the other, so it is the last thing that
   * a transaction does.
   */
  append<Tables extends AuditTables>(tx: AuditTx<Tables>, entry: AuditEntry<Action>): Promise<void>;
}

export function createAuditLog<Action extends string>(sealer: Sealer): AuditLog<Action> {
  return {
    async append(tx, entry) {
      await appendEntry(onlyLog(tx), sealer, entry);
    },
  };
}

/** Whatever the last entry is, sealed or not: the release before may have written it. */
export async function appendEntry(tx: AuditDb, sealer: Sealer, entry: AuditEntry): Promise<void> {
  const last = await lockLog(tx);
  const { actor, action, target, at, traceId = currentTrace()?.traceId ?? NO_TRACE } = entry;
  const row = {
    actor,
    action,
    target,
    at,
    reason: cut(entry.reason, REASON_CHARS_MAX),
    position: Number(last.position) + 1,
    trace_id: traceId,
    previous_hash: last.hash,
  };
  const hash = hashOf(row);
  await insertEntry(tx, { ...row, hash, ...sealer.seal(hash) });
}

/** Newest first, as they stand there: nothing is verified. `before` 0 starts at the end. */
export async function listAuditEntries<Tables extends AuditTables>(
  db: AuditDb<Tables>,
  before: number,
  limit: number,
): Promise<AuditRow[]> {
  return await listEntriesBefore(onlyLog(db), before, limit);
}

/** Nothing has ever been written into it. */
export async function isAuditLogEmpty<Tables extends AuditTables>(db: AuditDb<Tables>): Promise<boolean> {
  const head = await findHead(onlyLog(db));
  return head === undefined || head.position === 0;
}

/** In hexadecimal digits; undefined where there is no such entry. */
export async function findAuditHash<Tables extends AuditTables>(
  db: AuditDb<Tables>,
  position: number,
): Promise<string | undefined> {
  return (await findHash(onlyLog(db), position))?.toString("hex");
}
