// The inputs of all sockets, taken together. One after the other, each would wait for its socket, its connection and its
// seat to come back from memory; of many at once, what each needs is read for all (game-kit's prefetch.ts). They wait for
// nothing that they would not wait for anyhow: inputs are gathered on their way to the shard, for fewer wake-ups there.

export interface InputBatchHandlers<S> {
  /** The input is `bytes` from `from` to `to`, during the call only. */
  input(socket: S, bytes: Uint8Array, from: number, to: number): void;
  /** See game-kit's prefetch.ts. */
  prefetch(socket: S, depth: number): number;
  /** Gets the sum of what prefetch returned. */
  touched(sum: number): void;
}

const INPUTS_MAX = 1024;
const BYTES_MAX = 32 * 1024;
/** Socket, connection, seat. */
const DEPTHS = 3;

export class InputBatch<S> {
  readonly #handlers: InputBatchHandlers<S>;
  readonly #schedule: (flush: () => void) => void;
  readonly #bytes = new Uint8Array(BYTES_MAX);
  /** By input: where its bytes end. */
  readonly #ends = new Uint16Array(INPUTS_MAX);
  readonly #sockets: (S | undefined)[] = Array.from({ length: INPUTS_MAX }, () => undefined);
  #count = 0;
  #end = 0;
  #scheduled = false;
  #flushing = false;
  readonly #onTime = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** `schedule` runs a function a little later: so long inputs are gathered. */
  constructor(handlers: InputBatchHandlers<S>, schedule: (flush: () => void) => void) {
    this.#handlers = handlers;
    this.#schedule = schedule;
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
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#schedule(this.#onTime);
  }

  /** At once: before anything else of any socket is looked at, so that everything stays in its order. */
  flush(): void {
    if (this.#count === 0 || this.#flushing) return;
    this.#flushing = true;
    const { input, prefetch, touched } = this.#handlers;
    const count = this.#count;
    const sockets = this.#sockets as S[];
    let sum = 0;
    for (let depth = 0; depth < DEPTHS; depth++)
      for (let i = 0; i < count; i++) sum += prefetch(sockets[i] as S, depth);
    touched(sum);
    for (let i = 0, from = 0; i < count; i++) {
      const to = this.#ends[i] as number;
      input(sockets[i] as S, this.#bytes, from, to);
      from = to;
    }
    this.#sockets.fill(undefined, 0, count);
    this.#count = 0;
    this.#end = 0;
    this.#flushing = false;
  }
}
