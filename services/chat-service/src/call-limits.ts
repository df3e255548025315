// Limits on all calls: how often one player may call, how many of a player's calls may run at once, and how many calls may
// run in all. Calls above the limits wait here, not on one of the few database connections. The player who was served longest
// ago goes next, so players who stay within their limits do not wait behind a flood.
import { FairLimiter, LimitReachedError, WaitAbandonedError } from "@muster/runtime";
import { fail } from "./errors.ts";
import { PlayerRates } from "./player-rates.ts";
import type { Rate } from "./rate.ts";

/** Calls of all players that wait. Policy at the limit: the last call of the player with most is refused. */
const WAITING_MAX = 1000;
/** The queue is full. */
const RETRY_AFTER_S = 1;

export interface CallLimitsOptions {
  /** Of calls per player. */
  readonly rate: Rate;
  /** Calls of one player that are at work at once; the rest waits, as many as the rate has at once. */
  readonly atOnce: number;
  /** Calls of all players that are at work at once. */
  readonly atOnceOfAll: number;
  readonly now: () => Date;
  readonly onRefused: () => void;
}

export class CallLimits {
  readonly #rates: PlayerRates;
  readonly #limiter: FairLimiter;
  readonly #onRefused: () => void;

  constructor({ rate, atOnce, atOnceOfAll, now, onRefused }: CallLimitsOptions) {
    this.#rates = new PlayerRates(rate, now);
    this.#limiter = new FairLimiter({
      runningMax: atOnceOfAll,
      runningPerSourceMax: atOnce,
      waitingMax: WAITING_MAX,
      waitingPerSourceMax: rate.burst,
    });
    this.#onRefused = onRefused;
  }

  get waiting(): number {
    return this.#limiter.waiting;
  }

  /**
   * Nothing is done for a caller that gave up while it waited.
   * @throws AppError chat_rate_limited, also where too many wait; the signal's reason
   */
  async run<T>(playerId: string, work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    let hasBegun = false;
    try {
      this.#rates.take(playerId);
      return await this.#limiter.run(playerId, async () => ((hasBegun = true), work()), signal);
    } catch (err) {
      if (hasBegun) throw err;
      if (err instanceof WaitAbandonedError) throw signal?.reason ?? err;
      this.#onRefused();
      throw err instanceof LimitReachedError
        ? fail("chat_rate_limited", { details: { retryAfterS: RETRY_AFTER_S } })
        : err;
    }
  }

  /** For a wait within a call that costs the database nothing, as of another service: meanwhile another call may use the slot. */
  elsewhere<T>(work: () => Promise<T>): Promise<T> {
    return this.#limiter.aside(work);
  }
}
