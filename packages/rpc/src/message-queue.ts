/**
 * The sending side of a stream: what is pushed comes out of the async iterator in order. One consumer. Bounded:
 * when `lengthMax` messages wait, the queue closes itself, because a peer that does not read is a peer to drop.
 */
export class MessageQueue<T> implements AsyncIterable<T> {
  readonly #lengthMax: number;
  #items: T[] = [];
  #wake: (() => void) | undefined;
  #closed = false;
  readonly #whenClosed = Promise.withResolvers<void>();

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Resolves once it is closed, whether or not what was pushed has been read. */
  get whenClosed(): Promise<void> {
    return this.#whenClosed.promise;
  }

  /** False when the queue is closed or just overflowed: the message is not sent. */
  push(item: T): boolean {
    if (this.#closed) return false;
    if (this.#items.length >= this.#lengthMax) {
      this.#items = [];
      this.close();
      return false;
    }
    this.#items.push(item);
    this.#wake?.();
    return true;
  }

  /** Ends the iteration once what was pushed has been read. */
  close(): void {
    this.#closed = true;
    this.#whenClosed.resolve();
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    for (;;) {
      const batch = this.#items;
      this.#items = [];
      yield* batch;
      if (this.#items.length > 0) continue;
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
