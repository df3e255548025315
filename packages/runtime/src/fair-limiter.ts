import { LimitReachedError } from "./limiter.ts";

export interface FairLimiterOptions {
  /** How many may run at once, of all sources. */
  readonly runningMax: number;
  /** How many of one source may run at once. */
  readonly runningPerSourceMax?: number;
  /** How many may wait, of all sources; beyond it whoever came last of the source with most is refused. */
  readonly waitingMax: number;
  /** How many of one source may wait. */
  readonly waitingPerSourceMax: number;
}

/** Who waited has gone before it was its turn. */
export class WaitAbandonedError extends Error {
  override readonly name = "WaitAbandonedError";
}

interface Source {
  running: number;
  readonly waiting: Waiting[];
}

interface Waiting {
  enter(): void;
  leave(why: Error): void;
}

/**
 * A bulkhead that many sources share fairly: those that wait take turns by source, so that one source with a thousand
 * calls delays another one's single call by one turn. Policy at a limit: reject, of the source that has most waiting.
 */
export class FairLimiter {
  readonly #options: Required<FairLimiterOptions>;
  /** In the order of their turns; only those that run or wait. */
  readonly #sources = new Map<string, Source>();
  #running = 0;
  #waiting = 0;

  constructor(options: FairLimiterOptions) {
    this.#options = { runningPerSourceMax: Infinity, ...options };
  }

  /**
   * @param gone aborts while it waits: its place goes to the next one
   * @throws LimitReachedError when a queue is full, WaitAbandonedError when `gone` aborts first
   */
  async run<T>(source: string, work: () => Promise<T>, gone?: AbortSignal): Promise<T> {
    const own = this.#sourceOf(source);
    if (this.#mayRun(own)) this.#begin(own);
    else await this.#wait(own, source, gone);
    try {
      return await work();
    } finally {
      own.running--;
      this.#running--;
      this.#forgetIdle(source, own);
      this.#next();
    }
  }

  /** Nobody runs or waits. */
  get idle(): boolean {
    return this.#sources.size === 0;
  }

  /** One more would run at once. */
  get hasRoom(): boolean {
    return this.#running < this.#options.runningMax;
  }

  #sourceOf(name: string): Source {
    let source = this.#sources.get(name);
    if (!source) this.#sources.set(name, (source = { running: 0, waiting: [] }));
    return source;
  }

  #mayRun(source: Source): boolean {
    return this.#running < this.#options.runningMax && source.running < this.#options.runningPerSourceMax;
  }

  #begin(source: Source): void {
    source.running++;
    this.#running++;
  }

  #wait(source: Source, name: string, gone: AbortSignal | undefined): Promise<void> {
    if (gone?.aborted || !this.#makeRoom(source)) {
      this.#forgetIdle(name, source);
      throw gone?.aborted ? new WaitAbandonedError("gone") : new LimitReachedError("too many at once");
    }
    return new Promise((resolve, reject) => {
      const abandon = (): void => one.leave(new WaitAbandonedError("gone"));
      const one: Waiting = {
        enter() {
          gone?.removeEventListener("abort", abandon);
          resolve();
        },
        leave: (why) => {
          gone?.removeEventListener("abort", abandon);
          source.waiting.splice(source.waiting.indexOf(one), 1);
          this.#waiting--;
          this.#forgetIdle(name, source);
          reject(why);
        },
      };
      gone?.addEventListener("abort", abandon, { once: true });
      source.waiting.push(one);
      this.#waiting++;
    });
  }

  /** A place to wait for one more of `source`: a free one, or the last of a source that has more than it. */
  #makeRoom(source: Source): boolean {
    const { waitingMax, waitingPerSourceMax } = this.#options;
    if (source.waiting.length >= waitingPerSourceMax) return false;
    if (this.#waiting < waitingMax) return true;
    let longest = source;
    for (const other of this.#sources.values()) if (other.waiting.length > longest.waiting.length) longest = other;
    if (longest.waiting.length <= source.waiting.length + 1) return false;
    longest.waiting.at(-1)?.leave(new LimitReachedError("too many at once"));
    return true;
  }

  /** The first source, in the order of turns, that has somebody waiting and may run one more. */
  #next(): void {
    for (const [name, source] of this.#sources) {
      if (this.#running >= this.#options.runningMax) return;
      if (source.waiting.length === 0 || !this.#mayRun(source)) continue;
      this.#sources.delete(name); // behind the others
      this.#sources.set(name, source);
      this.#waiting--;
      this.#begin(source);
      source.waiting.shift()?.enter();
      return;
    }
  }

  #forgetIdle(name: string, source: Source): void {
    if (source.running === 0 && source.waiting.length === 0 && this.#sources.get(name) === source)
      this.#sources.delete(name);
  }
}
