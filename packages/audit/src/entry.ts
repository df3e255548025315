import { createHash } from "node:crypto";
import type { Selectable } from "kysely";
import type { AuditLogTable } from "./table.ts";

export interface AuditEntry<Action extends string = string> {
  /** UUID of an account, or who has no account: `operator` for the command line, `system` for the service itself. */
  readonly actor: string;
  readonly action: Action;
  /** What it was done to, in as many ASCII characters as the column has: 64, or 80 after `widenAuditTarget`. */
  readonly target: string;
  /** Kept to 256 characters. */
  readonly reason: string;
  readonly at: Date;
  /** Of something that was done earlier; else it is the present one. */
  readonly traceId?: string;
}

export type AuditRow = Selectable<AuditLogTable>;

/** Where the log ends: whoever has noted it elsewhere can tell later whether entries were cut off. */
export type AuditHead = Pick<AuditRow, "position" | "hash">;

export const ENTRY_COLUMNS = [
  "position",
  "at",
  "actor",
  "action",
  "target",
  "reason",
  "trace_id",
  "previous_hash",
  "hash",
] as const;
export const SEAL_COLUMNS = ["key_id", "seal"] as const;

/** SHA-256 over the hash before and the fields as a JSON array: no two entries have the same text. */
export function hashOf(row: Omit<AuditRow, "hash" | (typeof SEAL_COLUMNS)[number]>): Buffer {
  const { position, at, actor, action, target, reason, trace_id } = row;
  return createHash("sha256")
    .update(row.previous_hash)
    .update(JSON.stringify([position, at.toISOString(), actor, action, target, reason, trace_id]))
    .digest();
}
