import type { Database } from "@muster/db";
import type { RetentionRule } from "@muster/service/database";
import type { Tables } from "./schema.ts";
import { deleteExpired, deleteOldFailures } from "./store/retention.ts";
import { deleteOldReports } from "./store/reports.ts";
import { FAILURES_LAST_MS } from "./throttle.ts";

/** Ended sessions are kept for a while: a question from a player is easier to answer. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Who offends again is known by the reports before. What nobody has decided on for as long goes, too: anybody can make them. */
const KEEP_REPORTS_MS = 365 * 24 * 3600 * 1000;

/** In this order: a session goes when its last token has gone. */
export function retentionRules(db: Database<Tables>, now: () => Date): RetentionRule[] {
  const before = (ms: number): Date => new Date(now().getTime() - ms);
  return [
    (rowsMax) => deleteExpired(db, "refresh_tokens", before(KEEP_MS), rowsMax),
    (rowsMax) => deleteExpired(db, "token_families", before(KEEP_MS), rowsMax),
    (rowsMax) => deleteExpired(db, "revocations", now(), rowsMax),
    (rowsMax) => deleteExpired(db, "spent_challenges", now(), rowsMax),
    (rowsMax) => deleteExpired(db, "idempotency_keys", now(), rowsMax),
    (rowsMax) => deleteOldReports(db, before(KEEP_REPORTS_MS), rowsMax),
    (rowsMax) => deleteOldFailures(db, before(FAILURES_LAST_MS), rowsMax),
  ];
}
