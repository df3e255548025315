import { backoffMs, DATABASE } from "@muster/resilience";
import { sleep } from "@muster/runtime";
import type { Kysely, Transaction } from "kysely";
import { DatabaseTimeoutError, DatabaseUnavailableError, isDeadlock } from "./errors.ts";

/**
 * Runs `work` in a transaction, and again when InnoDB chose it to lose a deadlock or its connection was lost before the
 * commit was sent. A commit whose outcome is not known is not repeated. `work` must have no other effects:
 * no network calls, no counters. Isolation is REPEATABLE READ, InnoDB's default; with `read committed` no gaps between
 * rows are locked, which is right where a lock on one row (an account's) already keeps the others out.
 */
export async function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
  isolation: "repeatable read" | "read committed" = "repeatable read",
): Promise<T> {
  const transaction = (): ReturnType<typeof db.transaction> =>
    isolation === "repeatable read" ? db.transaction() : db.transaction().setIsolationLevel(isolation);
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction().execute(work);
    } catch (err) {
      if (attempt >= DATABASE.attempts || !mayRepeat(err)) throw err;
      // The winner of the deadlock is given time to end, and losers do not meet again at once.
      await sleep(backoffMs(DATABASE.backoff, attempt));
    }
  }
}

function mayRepeat(err: unknown): boolean {
  if (isDeadlock(err)) return true;
  // A statement that took too long would again; a lost connection is often one that was idle while the server restarted.
  return (
    err instanceof DatabaseUnavailableError && err.stage === "undone" && !(err.cause instanceof DatabaseTimeoutError)
  );
}
