// Stops asking a service that does not answer, for callers that can do without it. A service that cannot be connected to is refused at once
// by the channel already; this is for one that takes the calls and fails them, or lets them wait until their deadline.
import { commonError } from "@muster/errors";

export interface BreakerOptions {
  /** Calls in a row that failed, until it opens. */
  readonly failuresMax: number;
  /** How long nobody is asked then; after it, one call at a time tries. */
  readonly openMs: number;
}

const USUAL: BreakerOptions = { failuresMax: 5, openMs: 1000 };

/** Only these say that the service is away; everything else is an answer. */
const AWAY: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded"]);

export class Breaker {
  readonly #options: BreakerOptions;
  readonly #now: () => number;
  #failures = 0;
  /** When the next call may try. */
  #tryAt = 0;

  constructor(options: Partial<BreakerOptions> = {}, now: () => number = () => performance.now()) {
    this.#options = { ...USUAL, ...options };
    this.#now = now;
  }

  /** Before each call. @throws AppError unavailable, with `retryAfterS` */
  admit(): void {
    if (!this.#isOpen) return;
    const leftMs = this.#tryAt - this.#now();
    if (leftMs > 0) throw commonError("unavailable", { details: { retryAfterS: Math.ceil(leftMs / 1000) } });
    this.#tryAt = this.#now() + this.#options.openMs; // this call tries; the others wait for how it ends
  }

  /** After each call that was admitted. `code`: of its error; undefined when it succeeded. */
  ended(code: string | undefined): void {
    if (code === undefined || !AWAY.has(code)) {
      this.#failures = 0;
      return;
    }
    this.#failures++;
    if (this.#isOpen) this.#tryAt = this.#now() + this.#options.openMs;
  }

  /** Why nobody is asked; undefined while calls go through. */
  get reason(): string | undefined {
    return this.#isOpen ? `the last ${this.#failures} calls failed` : undefined;
  }

  get #isOpen(): boolean {
    return this.#failures >= this.#options.failuresMax;
  }
}
