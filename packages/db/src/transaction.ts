import { backoffMs, DATABASE } from "@muster/resilience";
import { currentBudget, remainingBudgetMs, sleep } from "@muster/runtime";
import type { Kysely, Transaction } from "kysely";
import { DatabaseTimeoutError, DatabaseUnavailableError, isDeadlock, isInterrupted } from "./errors.ts";

/** With less time left than this after the wait there is no further attempt. */
const LEFT_MS_MIN = 20;

export interface TransactionOptions {
  /**
   * REPEATABLE READ is InnoDB's default. With `read committed` no gaps between rows are locked, which is right where a lock on one row (an account's)
   * already keeps the others out.
   */
  readonly isolation?: "repeatable read" | "read committed";
  /**
   * That `work` may run again, and a name for it. It must have no effects but those of its transaction: no calls, no log lines that say it is done, no
   * counters. Absent: it runs once, whatever happens.
   */
  readonly repeatable?: string;
}

/** For tests: packages/db/src/testing.ts. */
export const hooks: {
  beforeCommit?: (tx: Transaction<unknown>, name: string, attempt: number) => Promise<void>;
} = {};

/**
 * Runs `work` in a transaction. One that is marked as repeatable runs again when InnoDB chose it to lose a deadlock, when it waited too long for a lock, or
 * when its connection was lost before the commit was sent: at most as often as the dependency table says, and only while its caller has time left. A commit whose outcome
 * is not known is not repeated.
 */
export async function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
  { isolation = "repeatable read", repeatable }: TransactionOptions = {},
): Promise<T> {
  const transaction = (): ReturnType<typeof db.transaction> =>
    isolation === "repeatable read" ? db.transaction() : db.transaction().setIsolationLevel(isolation);
  for (let attempt = 1; ; attempt++) {
    try {
      return await transaction().execute(async (tx) => {
        const result = await work(tx);
        if (repeatable !== undefined) await hooks.beforeCommit?.(tx as Transaction<unknown>, repeatable, attempt);
        return result;
      });
    } catch (err) {
      if (repeatable === undefined || attempt >= DATABASE.attempts || !mayRepeat(err)) throw err;
      // The winner of the deadlock is given time to end, and losers do not meet again at once.
      const waitMs = backoffMs(DATABASE.backoff, attempt);
      if (currentBudget()?.signal.aborted || remainingBudgetMs(Infinity) < waitMs + LEFT_MS_MIN) throw err;
      await sleep(waitMs);
    }
  }
}

function mayRepeat(err: unknown): boolean {
  if (isDeadlock(err)) return true;
  if (!(err instanceof DatabaseUnavailableError) || err.stage !== "undone") return false;
  // A statement that took too long would again; a lost connection is often one that was idle while the server restarted.
  return !(err.cause instanceof DatabaseTimeoutError) && !isInterrupted(err);
}
