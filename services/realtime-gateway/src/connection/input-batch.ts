// On the hot path, for every input: design/realtime/performance.md.
//
// Processes the inputs of all sockets in batches. Processed one at a time, each input would wait for its socket, its
// connection and its seat to be loaded from memory; for a batch, all of them are read ahead (read-ahead.ts). This adds no
// delay, because inputs are batched on their way to the shard anyhow, for fewer wake-ups there.
//
// After a turn of the event loop that brought only a few inputs, the process sleeps for a moment, so that the next turn
// brings more (wake-up coalescing): a wake-up costs more than an input. Network cards coalesce interrupts for the same
// reason. After a turn with many inputs, the next turn follows at once.

export interface InputBatchHandlers<S> {
  /** The input is `bytes` from `from` to `to`, during the call only. */
  input(socket: S, bytes: Uint8Array, from: number, to: number): void;
  /** Sees whose inputs come next, the first `count` of these, before the first of them: see read-ahead.ts. */
  readAhead(sockets: readonly S[], count: number): void;
}

export interface InputBatchTimes {
  /** Runs a function at the end of the batch window. */
  afterWindow(flush: () => void): void;
  /** Runs a function when this turn of the event loop has brought what it brings. */
  afterTurn(then: () => void): void;
  /** Lets no turn begin for a moment. */
  coalesceWakeUps(): void;
}

const INPUTS_MAX = 1024;
const BYTES_MAX = 32 * 1024;
/** Inputs per turn from which a turn was worth its wake-up. */
const MANY = 32;

export class InputBatch<S> {
  readonly #handlers: InputBatchHandlers<S>;
  readonly #times: InputBatchTimes;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  /** By input: where its bytes end. */
  readonly #ends = new Uint16Array(INPUTS_MAX);
  readonly #sockets: (S | undefined)[] = Array.from({ length: INPUTS_MAX }, () => undefined);
  #count = 0;
  #end = 0;
  #scheduled = false;
  #flushing = false;
  /** Inputs of this turn. */
  #ofTurn = 0;
  readonly #onTime = (): void => {
    this.#scheduled = false;
    this.flush();
  };
  readonly #afterTurn = (): void => {
    if (this.#ofTurn < MANY) this.#times.coalesceWakeUps();
    this.#ofTurn = 0;
  };

  constructor(handlers: InputBatchHandlers<S>, times: InputBatchTimes) {
    this.#handlers = handlers;
    this.#times = times;
  }

  /** `bytes` is valid during the call only. */
  add(socket: S, bytes: Uint8Array): void {
    const { length } = bytes;
    if (this.#count === INPUTS_MAX || this.#end + length > BYTES_MAX) this.flush();
    if (length > BYTES_MAX) return this.#handlers.input(socket, bytes, 0, length);
    let at = this.#end;
    for (let i = 0; i < length; i++) this.#bytes[at++] = bytes[i] as number; // few
    this.#end = at;
    this.#ends[this.#count] = at;
    this.#sockets[this.#count++] = socket;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#times.afterWindow(this.#onTime);
    }
    // Behind the other: without a batch window, inputs go before the sleep.
    if (this.#ofTurn++ === 0) this.#times.afterTurn(this.#afterTurn);
  }

  /**
   * Something else than an input comes, of any socket: what was batched goes first, so that everything stays in its
   * order, and this turn is not followed by a sleep. When many connect, it would only make their bursts longer.
   */
  interrupt(): void {
    if (this.#ofTurn === 0) this.#times.afterTurn(this.#afterTurn);
    this.#ofTurn = MANY;
    this.flush();
  }

  /** At once. */
  flush(): void {
    if (this.#count === 0 || this.#flushing) return;
    this.#flushing = true;
    try {
      this.#handOn(this.#sockets as S[], this.#count);
    } finally {
      this.#sockets.fill(undefined, 0, this.#count);
      this.#count = 0;
      this.#end = 0;
      this.#flushing = false;
    }
  }

  #handOn(sockets: readonly S[], count: number): void {
    const { input, readAhead } = this.#handlers;
    readAhead(sockets, count);
    for (let i = 0, from = 0; i < count; i++) {
      const to = this.#ends[i] as number;
      input(sockets[i] as S, this.#bytes, from, to);
      from = to;
    }
  }
}
