// Every change of an account's sessions locks the account, so these changes run one after the other. They wait here and not
// in the database, where each would occupy one of the few shared connections.
import { commonError } from "@muster/errors";
import { currentBudget, FairLimiter, LimitReachedError, WaitAbandonedError } from "@muster/runtime";
import { fail } from "./errors.ts";

/** Of one account: more than it has sessions. Policy at the limit: the last call of the session that has most waiting is refused. */
const WAITING_MAX = 64;

export class AccountQueues {
  /** By account; only those with somebody at work. */
  readonly #accounts = new Map<string, FairLimiter>();

  /**
   * @param source takes turns with the others of its account: the session that asks, or `endOf` one. Who has stolen a session and floods
   * with it keeps nobody from ending it
   * @throws AppError busy, deadline_exceeded when the caller's time ended before it was its turn
   */
  async run<T>(accountId: string, source: string, work: () => Promise<T>): Promise<T> {
    const known = this.#accounts.get(accountId);
    const queue =
      known ?? new FairLimiter({ runningMax: 1, waitingMax: WAITING_MAX, waitingPerSourceMax: WAITING_MAX });
    if (!known) this.#accounts.set(accountId, queue);
    try {
      return await queue.run(source, work, currentBudget()?.signal);
    } catch (err) {
      throw refusalOf(err);
    } finally {
      if (queue.idle && this.#accounts.get(accountId) === queue) this.#accounts.delete(accountId);
    }
  }
}

/** Whoever ends a session does not wait behind what is done with it. */
export function endOf(familyId: string): string {
  return `end of ${familyId}`;
}

/** Of a limiter's errors; others are as they are. */
export function refusalOf(err: unknown): unknown {
  if (err instanceof LimitReachedError) return fail("busy");
  return err instanceof WaitAbandonedError ? commonError("deadline_exceeded") : err;
}
