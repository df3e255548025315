import { LimitReachedError } from "./limiter.ts";
import { aside } from "./load/load-shedder.ts";

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

/** The caller gave up before its turn came. */
export class WaitAbandonedError extends Error {
  override readonly name = "WaitAbandonedError";
}

interface Source {
  running: number;
  /** Number of the turn in which it last ran a call; 0: not since it was last idle. */
  lastTurn: number;
  readonly waiting: Waiting[];
}

interface Waiting {
  enter(): void;
  leave(why: Error): void;
}

/**
 * A bulkhead that many sources share fairly: the next call comes from whichever waiting source was let in longest ago. A source with a
 * thousand calls therefore delays another one's single call by one turn. Policy at a limit: reject the last call of the source that has most waiting.
 */
export class FairLimiter {
  readonly #options: Required<FairLimiterOptions>;
  /** In the order in which they came; only those that run or wait. */
  readonly #sources = new Map<string, Source>();
  #running = 0;
  #waiting = 0;
  #turns = 0;

  constructor(options: FairLimiterOptions) {
    this.#options = { runningPerSourceMax: Infinity, ...options };
  }

  /**
   * Whoever waits here counts as nobody's call in flight: this queue has a limit of its own.
   * @param gone aborts when the caller no longer waits: its slot goes to the next one
   * @throws LimitReachedError when a queue is full, WaitAbandonedError when `gone` aborts first
   */
  async run<T>(source: string, work: () => Promise<T>, gone?: AbortSignal): Promise<T> {
    const own = this.#sourceOf(source);
    if (this.#mayRun(own)) this.#begin(own);
    else await aside(() => this.#wait(own, source, gone));
    try {
      return await work();
    } finally {
      own.running--;
      this.#running--;
      this.#forgetIdle(source, own);
      this.#next();
    }
  }

  /** Runs work that does not use the limited resource: meanwhile another call may use the slot. */
  async aside<T>(work: () => Promise<T>): Promise<T> {
    this.#running--;
    this.#next();
    try {
      return await work();
    } finally {
      this.#running++; // at once: nobody waits twice for one call
    }
  }

  /** How many wait, of all sources. */
  get waiting(): number {
    return this.#waiting;
  }

  get running(): number {
    return this.#running;
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
    if (!source) this.#sources.set(name, (source = { running: 0, lastTurn: 0, waiting: [] }));
    return source;
  }

  #mayRun(source: Source): boolean {
    return this.#running < this.#options.runningMax && source.running < this.#options.runningPerSourceMax;
  }

  #begin(source: Source): void {
    source.lastTurn = ++this.#turns;
    source.running++;
    this.#running++;
  }

  async #wait(source: Source, name: string, gone: AbortSignal | undefined): Promise<void> {
    if (gone?.aborted || !this.#makeRoom(source)) {
      this.#forgetIdle(name, source);
      throw gone?.aborted ? new WaitAbandonedError("gone") : this.#refusalOf(source);
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

  /** Makes room in the queue for one more call of `source`: a free slot, or the last one of a source with more waiting calls. */
  #makeRoom(source: Source): boolean {
    const { waitingMax, waitingPerSourceMax } = this.#options;
    if (source.waiting.length >= waitingPerSourceMax) return false;
    if (this.#waiting < waitingMax) return true;
    let longest = source;
    for (const other of this.#sources.values()) if (other.waiting.length > longest.waiting.length) longest = other;
    if (longest.waiting.length <= source.waiting.length + 1) return false;
    longest.waiting.at(-1)?.leave(new LimitReachedError("too many at once", { ofSource: true }));
    return true;
  }

  #refusalOf({ waiting, running }: Source): LimitReachedError {
    const { waitingPerSourceMax, runningMax } = this.#options;
    const ofSource = waiting.length >= waitingPerSourceMax || waiting.length + running > 1 || running === runningMax;
    return new LimitReachedError("too many at once", { ofSource });
  }

  /** The source that was let in longest ago, of those that have somebody waiting and may run one more; of equals, the first that came. */
  #next(): void {
    while (this.#waiting > 0 && this.#running < this.#options.runningMax) {
      let next: Source | undefined;
      for (const source of this.#sources.values())
        if (source.waiting.length > 0 && this.#mayRun(source) && (!next || source.lastTurn < next.lastTurn))
          next = source;
      if (!next) return;
      this.#waiting--;
      this.#begin(next);
      next.waiting.shift()?.enter();
    }
  }

  #forgetIdle(name: string, source: Source): void {
    if (source.running === 0 && source.waiting.length === 0 && this.#sources.get(name) === source)
      this.#sources.delete(name);
  }
}
