// On the hot path, once per tick: design/realtime/performance.md.
//
// The inputs of one match's seats, side by side in the array of all (input-rings.ts).
import type { Fields, InputCodec } from "@muster/game-kit";
import type { InputRefusal, InputRings } from "./input-rings.ts";

/** What becomes of an input: its words are `words` from `at` on. */
export interface InputTaker {
  applyInput(seat: number, seq: number, words: Int32Array, at: number): void;
}

export class MatchInputs {
  readonly #inputs: InputRings;
  readonly #first: number;
  /** From one seat's ring to the next one's. */
  readonly #step: number;
  readonly #seats: number;
  readonly #owner: number;
  readonly #codec: InputCodec<Fields>;
  #closed = false;

  /** `seqs`: by seat, what was applied before. */
  constructor(inputs: InputRings, codec: InputCodec<Fields>, owner: number, seqs: Uint32Array) {
    this.#inputs = inputs;
    this.#codec = codec;
    this.#owner = owner;
    this.#seats = seqs.length;
    this.#step = inputs.sizeOf(codec);
    this.#first = inputs.open(codec, owner, seqs);
  }

  /** For callers that pass this seat's inputs to `InputRings` themselves. */
  ringOf(seat: number): number {
    return this.#first + seat * this.#step;
  }

  lastSeq(seat: number): number {
    return this.#inputs.lastSeq(this.ringOf(seat));
  }

  accept(
    seat: number,
    seq: number,
    tick: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): InputRefusal | undefined {
    if (seat >= this.#seats || this.#closed) return "not_in_match";
    return this.#inputs.accept(this.ringOf(seat), this.#owner, seq, tick, bytes, from, to);
  }

  /** Inputs are taken from now on, for this tick and later ones. */
  open(tick: number): void {
    for (let seat = 0; seat < this.#seats; seat++) this.#inputs.setTick(this.ringOf(seat), tick);
  }

  anyDue(tick: number): boolean {
    for (let seat = 0; seat < this.#seats; seat++) if (this.#inputs.due(this.ringOf(seat), tick)) return true;
    return false;
  }

  /**
   * The hot path: what is due at this tick, seat by seat. `one`: the oldest of each seat only. Inputs that come from now
   * on are for the tick after it.
   */
  apply(tick: number, one: boolean, taker: InputTaker): void {
    const inputs = this.#inputs;
    for (let seat = 0, ring = this.#first; seat < this.#seats; seat++, ring += this.#step) {
      while (inputs.due(ring, tick)) {
        const at = inputs.take(ring);
        taker.applyInput(seat, inputs.seqAt(at), inputs.words, at);
        if (one) break;
      }
      inputs.setTick(ring, tick + 1);
    }
  }

  /** The seat gives no input any more. */
  leave(seat: number): void {
    this.#inputs.shut(this.ringOf(seat));
  }

  /** No seat does. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inputs.close(this.#first, this.#codec, this.#seats);
  }

  /** See game-kit's prefetch.ts. */
  prefetch(depth: number): number {
    if (depth === 0) return this.#first;
    if (depth > 1) return 0;
    let sum = 0;
    for (let seat = 0; seat < this.#seats; seat++) sum += this.#inputs.prefetch(this.ringOf(seat));
    return sum;
  }
}
