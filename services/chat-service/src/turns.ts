// Work by key, one after the other: what would wait for one row's lock waits here, and not each on a connection of the database's few.
export class Turns {
  readonly #turns = new Map<string, { last: Promise<unknown>; waiting: number }>();

  /** What is under way and what waits. */
  waiting(key: string): number {
    return this.#turns.get(key)?.waiting ?? 0;
  }

  /** Runs `work` after what has been asked for before under this key. */
  async inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(key) ?? { last: Promise.resolve(), waiting: 0 };
    this.#turns.set(key, turn);
    turn.waiting++;
    const mine = turn.last.then(work);
    turn.last = mine.catch(() => undefined);
    try {
      return await mine;
    } finally {
      if (--turn.waiting === 0) this.#turns.delete(key);
    }
  }
}
