// Runs work with the same key one after the other. Work that would wait for a row lock waits here instead of occupying one of
// the few database connections.
export type Aside = (waiting: () => Promise<unknown>) => Promise<unknown>;

export class KeyQueues {
  readonly #aside: Aside;
  readonly #queues = new Map<string, { last: Promise<unknown>; waiting: number }>();

  /** `aside`: gives the caller's slot to others while the work waits for its turn. */
  constructor(aside: Aside = (waiting) => waiting()) {
    this.#aside = aside;
  }

  /** What is under way and what waits. */
  waiting(key: string): number {
    return this.#queues.get(key)?.waiting ?? 0;
  }

  /** Runs `work` after what has been asked for before under this key. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = this.#queues.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    this.#queues.set(key, queue);
    const before = queue.last;
    const mine = queue.waiting++ === 0 ? work() : this.#aside(() => before).then(work);
    queue.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      if (--queue.waiting === 0) this.#queues.delete(key);
    }
  }
}
