import pLimit, { type LimitFunction } from "p-limit";

export interface LimiterOptions {
  /** How many may run at once. */
  readonly runningMax: number;
  /** How many may wait; beyond it a call is refused. */
  readonly waitingMax: number;
}

export class LimitReachedError extends Error {
  override readonly name = "LimitReachedError";
  /** The limit of the source that asked: of all that wait, nobody has more. Otherwise there is just too much to do. */
  readonly ofSource: boolean;

  constructor(message: string, { ofSource = false } = {}) {
    super(message);
    this.ofSource = ofSource;
  }
}

/** A bulkhead: bounded concurrency with a bounded queue. Policy at the limit: reject. */
export class Limiter {
  readonly #atOnceMax: number;
  readonly #limit: LimitFunction;

  constructor({ runningMax, waitingMax }: LimiterOptions) {
    this.#atOnceMax = runningMax + waitingMax;
    this.#limit = pLimit(runningMax);
  }

  /** @throws LimitReachedError when the queue is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const { activeCount, pendingCount } = this.#limit;
    if (activeCount + pendingCount >= this.#atOnceMax) throw new LimitReachedError("too many at once");
    return this.#limit(work);
  }
}
