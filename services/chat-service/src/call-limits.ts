// In front of every call: how often one player may ask, and how many of the player's calls are at work at once. Who asks
// for more waits behind the player's own calls, not in front of other people's; who asks too often is refused from memory.
import { fail } from "./errors.ts";
import { admit, type Rate } from "./rate.ts";

/** Of those who have called lately: beyond it the ones that were longest silent begin afresh. */
const PLAYERS_MAX = 10_000;

interface Turns {
  atWork: number;
  readonly waiting: (() => void)[];
}

export interface CallLimitsOptions {
  /** Of calls per player. */
  readonly rate: Rate;
  /** Calls of one player that are at work at once; the rest waits. */
  readonly atOnce: number;
  readonly now: () => Date;
  readonly onRefused: () => void;
}

export class CallLimits {
  readonly #options: CallLimitsOptions;
  readonly #nextAt = new Map<string, Date>();
  readonly #turns = new Map<string, Turns>();

  constructor(options: CallLimitsOptions) {
    this.#options = options;
  }

  /** Nothing is done for a caller that gave up while it waited. @throws AppError chat_rate_limited; the signal's reason */
  async run<T>(playerId: string, work: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
    const turns = this.#turns.get(playerId) ?? { atWork: 0, waiting: [] };
    if (turns.waiting.length >= this.#options.rate.burst) this.#refuse(this.#options.rate.everyMs);
    this.#take(playerId);
    this.#turns.set(playerId, turns);
    if (turns.atWork < this.#options.atOnce) turns.atWork++;
    else await new Promise<void>((resolve) => turns.waiting.push(resolve)); // who ends hands its place on
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = turns.waiting.shift();
      if (next) next();
      else if (--turns.atWork === 0) this.#turns.delete(playerId);
    }
  }

  #take(playerId: string): void {
    const { rate, now } = this.#options;
    const at = now();
    const admission = admit(this.#nextAt.get(playerId) ?? at, at, rate);
    if ("retryAfterMs" in admission) return this.#refuse(admission.retryAfterMs);
    this.#nextAt.delete(playerId); // to the end: the first one is who was silent longest
    this.#nextAt.set(playerId, admission.nextAt);
    if (this.#nextAt.size <= PLAYERS_MAX) return;
    for (const oldest of this.#nextAt.keys()) return void this.#nextAt.delete(oldest);
  }

  #refuse(retryAfterMs: number): never {
    this.#options.onRefused();
    throw fail("chat_rate_limited", { details: { retryAfterS: Math.ceil(retryAfterMs / 1000) } });
  }
}
