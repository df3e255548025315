// On the hot path, once per tick: design/realtime/performance.md.
//
// The inputs of one match's seats, which are adjacent in the array of all inputs (input-rings.ts).
import type { Fields, InputCodec } from "@muster/game-kit";
import type { InputRefusal, InputRings } from "./input-rings.ts";

/** What becomes of an input: its words are `words` from `at` on. */
export interface InputTaker {
  applyInput(seat: number, seq: number, words: Int32Array, at: number): void;
}

export class MatchInputs {
  readonly rings: InputRings;
  readonly #first: number;
  /** From one seat's ring to the next one's. */
  readonly #step: number;
  readonly seats: number;
  readonly #owner: number;
  readonly #codec: InputCodec<Fields>;
  #closed = false;

  /** `seqs`: by seat, what was applied before. */
  constructor(rings: InputRings, codec: InputCodec<Fields>, owner: number, seqs: Uint32Array) {
    this.rings = rings;
    this.#codec = codec;
    this.#owner = owner;
    this.seats = seqs.length;
    this.#step = rings.sizeOf(codec);
    this.#first = rings.open(codec, owner, seqs);
  }

  /** For callers that pass this seat's inputs to `InputRings` themselves. */
  ringOf(seat: number): number {
    return this.#first + seat * this.#step;
  }

  lastSeq(seat: number): number {
    return this.rings.lastSeq(this.ringOf(seat));
  }

  accept(
    seat: number,
    seq: number,
    tick: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): InputRefusal | undefined {
    if (seat >= this.seats || this.#closed) return "not_in_match";
    return this.rings.accept(this.ringOf(seat), this.#owner, seq, tick, bytes, from, to);
  }

  /** Inputs are taken from now on, for this tick and later ones. */
  open(tick: number): void {
    for (let seat = 0; seat < this.seats; seat++) this.rings.setTick(this.ringOf(seat), tick);
  }

  anyDue(tick: number): boolean {
    for (let seat = 0; seat < this.seats; seat++) if (this.rings.due(this.ringOf(seat), tick)) return true;
    return false;
  }

  /**
   * The hot path: what is due at this tick, seat by seat. `one`: the oldest of each seat only. Inputs that come from now
   * on are for the tick after it.
   */
  apply(tick: number, one: boolean, taker: InputTaker): void {
    const { rings } = this;
    for (let seat = 0, ring = this.#first; seat < this.seats; seat++, ring += this.#step) {
      while (rings.due(ring, tick)) {
        const at = rings.take(ring);
        taker.applyInput(seat, rings.seqAt(at), rings.words, at);
        if (one) break;
      }
      rings.setTick(ring, tick + 1);
    }
  }

  /** The seat gives no input any more. */
  leave(seat: number): void {
    this.rings.shut(this.ringOf(seat));
  }

  /** No seat does. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.rings.close(this.#first, this.#codec, this.seats);
  }
}
