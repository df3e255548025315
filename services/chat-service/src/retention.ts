import type { Database } from "@muster/db";
import type { RetentionRule } from "@muster/service/database";
import type { Tables } from "./schema.ts";
import { deleteIdleDirectLimits, deleteIdleNetworkLimits } from "./store/directs.ts";
import { deleteOldInvitations } from "./store/invitations.ts";
import { deleteIdleSenders, deleteOldHints } from "./store/messages.ts";

/** Hints have been read by then, and limits that have run out limit nobody. */
const KEEP_MS = 3600 * 1000;

/** Invitations end when they are `invitationMs` old. */
export function retentionRules(db: Database<Tables>, now: () => Date, invitationMs: number): RetentionRule[] {
  const before = (ms: number): Date => new Date(now().getTime() - ms);
  return [
    (rowsMax) => deleteOldHints(db, before(KEEP_MS), rowsMax),
    (rowsMax) => deleteIdleSenders(db, before(KEEP_MS), rowsMax),
    (rowsMax) => deleteIdleDirectLimits(db, before(KEEP_MS), rowsMax),
    (rowsMax) => deleteIdleNetworkLimits(db, before(KEEP_MS), rowsMax),
    (rowsMax) => deleteOldInvitations(db, before(invitationMs), rowsMax),
  ];
}
