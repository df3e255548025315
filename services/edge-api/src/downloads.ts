// Files of replays are the dearest thing that a player may ask for: at most some are read at once, and who shares an address shares its turns.
import { commonError } from "@muster/errors";
import {
  clientNetworkOf,
  currentBudget,
  FairLimiter,
  LimitReachedError,
  stepBudgetMs,
  WaitAbandonedError,
} from "@muster/runtime";
import { Refusal, RETRY_AFTER_S } from "./errors.ts";

/** So few that replay-service has room for everything else that is asked of it. */
const RUNNING_MAX = 4;
const RUNNING_PER_NETWORK_MAX = 2;
const WAITING_MAX = 128;
const WAITING_PER_NETWORK_MAX = 32;
const WAIT_MS_MAX = 30_000;

export class Downloads {
  readonly #limiter = new FairLimiter({
    runningMax: RUNNING_MAX,
    runningPerSourceMax: RUNNING_PER_NETWORK_MAX,
    waitingMax: WAITING_MAX,
    waitingPerSourceMax: WAITING_PER_NETWORK_MAX,
  });

  /** @throws Refusal busy; AppError deadline_exceeded for whose turn does not come in time */
  async run<T>(address: string, read: () => Promise<T>): Promise<T> {
    const late = AbortSignal.timeout(Math.floor(stepBudgetMs(WAIT_MS_MAX)));
    const gone = currentBudget()?.signal;
    try {
      return await this.#limiter.run(clientNetworkOf(address), read, gone ? AbortSignal.any([gone, late]) : late);
    } catch (err) {
      if (err instanceof WaitAbandonedError) throw commonError("deadline_exceeded");
      if (!(err instanceof LimitReachedError)) throw err;
      const message = "Too many files are asked for at once; try again shortly.";
      throw new Refusal({ status: 429, code: "busy", message, retryable: true }, { "retry-after": `${RETRY_AFTER_S}` });
    }
  }
}
