// Limits how often one player may do something. Each instance counts in its own memory.
import { fail } from "./errors.ts";
import { admit, type Rate } from "./rate.ts";

/** Of those who have done it lately: beyond it the ones that were longest silent begin afresh. */
const PLAYERS_MAX = 10_000;

export class PlayerRates {
  readonly #rate: Rate;
  readonly #now: () => Date;
  readonly #nextAt = new Map<string, Date>();

  constructor(rate: Rate, now: () => Date) {
    this.#rate = rate;
    this.#now = now;
  }

  /** @throws AppError chat_rate_limited with details.retryAfterS */
  take(playerId: string): void {
    const at = this.#now();
    const admission = admit(this.#nextAt.get(playerId) ?? at, at, this.#rate);
    if ("retryAfterMs" in admission)
      throw fail("chat_rate_limited", { details: { retryAfterS: Math.ceil(admission.retryAfterMs / 1000) } });
    this.#nextAt.delete(playerId); // to the end: the first one is who was silent longest
    this.#nextAt.set(playerId, admission.nextAt);
    if (this.#nextAt.size <= PLAYERS_MAX) return;
    for (const oldest of this.#nextAt.keys()) return void this.#nextAt.delete(oldest);
  }
}
