// Stops asking a service that does not answer, for callers that can do without it. A service that cannot be connected to is refused at once
// by the channel already; this is for one that takes the calls and fails them, or lets them wait until their deadline.
import { commonError } from "@muster/errors";
import CircuitBreaker from "opossum";
import { toAppError } from "./errors.ts";

/** So many calls within the window, and more than half of them failed: it opens. */
const CALLS_MIN = 5;
const FAILED_PERCENT = 50;
const WINDOW_MS = 10_000;
/** How long nobody is asked then; after it one call tries, and the others wait for how it ends. */
const OPEN_MS = 1000;

/** Only these say that the service is away; everything else is an answer, or a caller that has gone. */
const AWAY: ReadonlySet<string> = new Set(["unavailable", "deadline_exceeded"]);

export class Breaker {
  readonly #openMs: number;
  readonly #circuit: CircuitBreaker<[() => Promise<unknown>], unknown>;

  constructor(openMs = OPEN_MS) {
    this.#openMs = openMs;
    this.#circuit = new CircuitBreaker((call: () => Promise<unknown>) => call(), {
      timeout: false, // calls have deadlines of their own
      volumeThreshold: CALLS_MIN,
      errorThresholdPercentage: FAILED_PERCENT,
      rollingCountTimeout: WINDOW_MS,
      resetTimeout: openMs,
      enableSnapshots: false,
      errorFilter: (thrown: unknown) => !AWAY.has(toAppError(thrown).code),
    });
  }

  /** @throws whatever `call` throws; AppError unavailable, with `retryAfterS`, while nobody is asked */
  async run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return (await this.#circuit.fire(call)) as T;
    } catch (thrown) {
      if ((thrown as { code?: unknown } | undefined)?.code !== "EOPENBREAKER") throw thrown;
      throw commonError("unavailable", { details: { retryAfterS: Math.ceil(this.#openMs / 1000) } });
    }
  }

  /** Why nobody is asked; undefined while calls go through, or the next one will. */
  get reason(): string | undefined {
    return this.#circuit.opened ? "most of the last calls failed" : undefined;
  }

  stop(): void {
    this.#circuit.shutdown();
  }
}
