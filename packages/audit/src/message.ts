// An entry as the services' contracts have it: AuditEntry of identity.v2 and ModerationEntry of chat.v2 have the same fields.
import { type Timestamp, timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { AuditRow } from "./entry.ts";

export interface EntryMessage {
  readonly position: bigint;
  readonly at: Timestamp;
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly reason: string;
  readonly traceId: string;
  /** In hexadecimal digits. */
  readonly hash: string;
}

export function entryMessage({ position, at, actor, action, target, reason, trace_id, hash }: AuditRow): EntryMessage {
  return {
    position: BigInt(position),
    at: timestampFromDate(at),
    actor,
    action,
    target,
    reason,
    traceId: trace_id,
    hash: hash.toString("hex"),
  };
}
