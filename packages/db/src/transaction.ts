import type { Kysely, Transaction } from "kysely";
import { isDeadlock } from "./errors.ts";

const ATTEMPTS_MAX = 4;

/**
 * Runs `work` in a transaction and again when InnoDB chose it to lose a deadlock. `work` must have no other effects:
 * no network calls, no counters. Isolation is REPEATABLE READ, InnoDB's default.
 */
export async function inTransaction<Tables, T>(
  db: Kysely<Tables>,
  work: (tx: Transaction<Tables>) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await db.transaction().execute(work);
    } catch (err) {
      if (attempt >= ATTEMPTS_MAX || !isDeadlock(err)) throw err;
    }
  }
}
