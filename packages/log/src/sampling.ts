// Limits how many lines one message may write: a flood of refusals must not fill the disk or cost more than serving requests.
// Above the limit, lines are dropped and counted; the next line written for that message has the count.

export interface Rate {
  readonly linesPerS: number;
  readonly burstLines: number;
}

/** What is said of every request: enough to see what goes on. */
export const ROUTINE_RATE: Rate = { linesPerS: 50, burstLines: 500 };
/** Warnings and errors: the first ones tell what is wrong. */
export const PROBLEM_RATE: Rate = { linesPerS: 10, burstLines: 100 };
/** Messages are constants; names in a few of them make some more. Policy at the limit: all start over, and what was not told of them is told together. */
export const MESSAGES_MAX = 1000;
/** In what drain() says: lines of messages that were forgotten. */
export const FORGOTTEN_MESSAGES = "(other messages)";

interface Bucket {
  lines: number;
  at: number;
  leftOut: number;
}

export class Sampler {
  readonly #now: () => number;
  readonly #buckets = new Map<string, Bucket>();
  /** Left out of messages that were forgotten, and not told yet. */
  #forgotten = 0;

  /** `now` in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** How many lines of this message were left out since the last one; undefined: leave this one out too. */
  take(message: string, rate: Rate): number | undefined {
    const now = this.#now();
    let bucket = this.#buckets.get(message);
    if (!bucket) {
      if (this.#buckets.size >= MESSAGES_MAX) this.#startOver();
      bucket = { lines: rate.burstLines, at: now, leftOut: 0 };
      this.#buckets.set(message, bucket);
    }
    bucket.lines = Math.min(rate.burstLines, bucket.lines + ((now - bucket.at) / 1000) * rate.linesPerS);
    bucket.at = now;
    if (bucket.lines < 1) {
      bucket.leftOut++;
      return undefined;
    }
    bucket.lines--;
    const { leftOut } = bucket;
    bucket.leftOut = 0;
    return leftOut;
  }

  /** What was left out and not told yet; told by this. */
  drain(): Record<string, number> {
    const leftOut: Record<string, number> = {};
    for (const [message, bucket] of this.#buckets) {
      if (bucket.leftOut > 0) leftOut[message] = bucket.leftOut;
      bucket.leftOut = 0;
    }
    if (this.#forgotten > 0) leftOut[FORGOTTEN_MESSAGES] = this.#forgotten;
    this.#forgotten = 0;
    return leftOut;
  }

  #startOver(): void {
    for (const { leftOut } of this.#buckets.values()) this.#forgotten += leftOut;
    this.#buckets.clear();
  }
}
