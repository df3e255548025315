import type { Database } from "@muster/db";
import { collectedCounter, collectedGauge, type Metrics } from "@muster/runtime";
import type { RetentionRule } from "@muster/service/database";
import type { Tables } from "./schema.ts";
import { deleteExpired, deleteOldFailures, firstKeyEnd } from "./store/retention.ts";
import { deleteOldReports } from "./store/reports.ts";
import { FAILURES_LAST_MS } from "./throttle.ts";

/** Ended sessions are kept for a while: a question from a player is easier to answer. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Who offends again is known by the reports before. What nobody has decided on for as long goes, too: anybody can make them. */
const KEEP_REPORTS_MS = 365 * 24 * 3600 * 1000;

/** In this order: a session goes when its last token has gone. */
export function retentionRules(db: Database<Tables>, now: () => Date, keys: KeyRetention): RetentionRule[] {
  const before = (ms: number): Date => new Date(now().getTime() - ms);
  return [
    (rowsMax) => deleteExpired(db, "refresh_tokens", before(KEEP_MS), rowsMax),
    (rowsMax) => deleteExpired(db, "token_families", before(KEEP_MS), rowsMax),
    (rowsMax) => deleteExpired(db, "revocations", now(), rowsMax),
    (rowsMax) => deleteExpired(db, "spent_challenges", now(), rowsMax),
    async (rowsMax) => {
      const deleted = await deleteExpired(db, "idempotency_keys", now(), rowsMax);
      keys.deleted(deleted, await firstKeyEnd(db));
      return deleted;
    },
    (rowsMax) => deleteOldReports(db, before(KEEP_REPORTS_MS), rowsMax),
    (rowsMax) => deleteOldFailures(db, before(FAILURES_LAST_MS), rowsMax),
  ];
}

/** Told of idempotency keys that have ended and were deleted. */
export interface KeyRetention {
  /** @param firstEnd when the next one ends; undefined: there is none */
  deleted(count: number, firstEnd: Date | undefined): void;
}

export function measuredKeyRetention(metrics: Metrics, now: () => Date): KeyRetention {
  let next: Date | undefined;
  let gone = 0;
  collectedCounter(
    metrics,
    "identity_idempotency_keys_deleted_total",
    "Idempotency keys that were deleted a day after they came",
    () => gone,
  );
  collectedGauge(
    metrics,
    "identity_idempotency_keys_overdue_seconds",
    "For how long an idempotency key has ended that is not deleted; 0: there is none",
    () => (next ? Math.max(0, (now().getTime() - next.getTime()) / 1000) : 0),
  );
  return {
    deleted(count, firstEnd) {
      gone += count;
      next = firstEnd;
    },
  };
}
