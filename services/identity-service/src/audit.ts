// The audit log: what was done to an account, a key or a match, by whom and why. Each entry's hash covers the entry before it,
// so that nobody with write access to the table can change, drop or reorder entries unseen.
import { createHash } from "node:crypto";
import type { Database } from "@muster/db";
import { cut } from "@muster/runtime";
import { currentTrace } from "@muster/tracing";
import type { Tables } from "./schema.ts";
import { type AuditRow, holdLastEntry, insertEntry, listEntriesAfter } from "./store/audit.ts";
import type { Tx } from "./store/db.ts";

export type AuditAction =
  | "player_banned"
  | "player_unbanned"
  | "role_set"
  | "password_changed"
  | "device_revoked"
  | "other_devices_revoked"
  | "refresh_token_reused"
  | "key_rotated"
  | "key_revoked"
  | "match_cancel_ordered";

export interface AuditEntry {
  /** UUID of an account, or who has no account: the command line, the service itself. */
  readonly actor: string;
  readonly action: AuditAction;
  readonly target: string;
  /** Kept to 256 characters. */
  readonly reason: string;
  readonly at: Date;
}

const NO_TRACE = "0".repeat(32);
const PAGE_ROWS = 1000;
/** Code points: as the column has it. What is hashed has to be what is stored. */
const REASON_CHARS_MAX = 256;

/** In the transaction of what it tells of: both happen or neither does. */
export async function appendAudit(tx: Tx, entry: AuditEntry): Promise<void> {
  const last = await holdLastEntry(tx);
  const row = {
    ...entry,
    reason: cut(entry.reason, REASON_CHARS_MAX),
    position: Number(last.position) + 1,
    trace_id: currentTrace()?.traceId ?? NO_TRACE,
    previous_hash: last.hash,
  };
  await insertEntry(tx, { ...row, hash: hashOf(row) });
}

/** Walks the whole chain. @returns the first fault, or undefined when every entry is as it was written. */
export async function auditFault(db: Database<Tables>): Promise<string | undefined> {
  let before: AuditRow | undefined;
  for (let position = -1; ; ) {
    const page = await listEntriesAfter(db, position, PAGE_ROWS);
    for (const entry of page) {
      const fault = before && faultBetween(before, entry);
      if (fault !== undefined) return fault;
      before = entry;
    }
    const last = page.at(-1);
    if (!last) return before ? undefined : "the log has no first entry";
    position = last.position;
  }
}

function faultBetween(before: AuditRow, entry: AuditRow): string | undefined {
  if (entry.position !== before.position + 1)
    return `entries ${before.position + 1} to ${entry.position - 1} are missing`;
  if (!entry.previous_hash.equals(before.hash))
    return `entry ${entry.position} does not follow entry ${before.position}`;
  return entry.hash.equals(hashOf(entry)) ? undefined : `entry ${entry.position} has been changed`;
}

/** SHA-256 over the hash before and the fields as a JSON array: no two entries have the same text. */
function hashOf(row: Omit<AuditRow, "hash">): Buffer {
  const { position, at, actor, action, target, reason, trace_id } = row;
  return createHash("sha256")
    .update(row.previous_hash)
    .update(JSON.stringify([position, at.toISOString(), actor, action, target, reason, trace_id]))
    .digest();
}
