export interface LimiterOptions {
  /** How many may run at once. */
  readonly runningMax: number;
  /** How many may wait; beyond it a call is refused. */
  readonly waitingMax: number;
}

export class LimitReachedError extends Error {
  override readonly name = "LimitReachedError";
}

/** A bulkhead: bounded concurrency with a bounded queue. Policy at the limit: reject. */
export class Limiter {
  readonly #options: LimiterOptions;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(options: LimiterOptions) {
    this.#options = options;
  }

  /** @throws LimitReachedError when the queue is full. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#options.runningMax) {
      if (this.#waiting.length >= this.#options.waitingMax) throw new LimitReachedError("too many at once");
      await new Promise<void>((resolve) => this.#waiting.push(resolve)); // the one who wakes us hands over its place
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }
}
