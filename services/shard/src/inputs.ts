// The inputs of one seat that wait for their tick: a ring of fixed size, decoded in place, no allocation per input.
import { type Fields, type InputCodec, MalformedBitsError } from "@muster/game-kit";
import type { INPUT_REFUSALS } from "@muster/realtime";

export type InputRefusal = (typeof INPUT_REFUSALS)[number];

export interface InputLimits {
  /** Inputs that wait. At the limit the oldest is dropped. */
  readonly waitingMax: number;
  /** How far in the past an input's tick may lie and still be applied at the next tick. */
  readonly lateTicksMax: number;
  /** How far in the future it may lie. */
  readonly earlyTicksMax: number;
}

/** A place in the ring: sequence number, tick, then the input's words. */
const SEQ = 0;
const TICK = 1;
const WORDS = 2;

export class SeatInputs {
  /** Place by place, in one piece: every input of every player comes by here. */
  readonly ring: Int32Array;
  #first = 0;
  #count = 0;
  /** Highest sequence number that was accepted. */
  lastSeq = 0;
  /** Highest sequence number that was applied. */
  appliedSeq = 0;
  readonly #limits: InputLimits;
  readonly #codec: InputCodec<Fields>;
  readonly #placeWords: number;

  /** `appliedSeq`: what the seat had applied on the shard before. */
  constructor(codec: InputCodec<Fields>, limits: InputLimits, appliedSeq = 0) {
    this.lastSeq = appliedSeq;
    this.appliedSeq = appliedSeq;
    this.#codec = codec;
    this.#limits = limits;
    this.#placeWords = WORDS + codec.words;
    // One more than wait at most: where the next one is decoded.
    this.ring = new Int32Array((limits.waitingMax + 1) * this.#placeWords);
  }

  /**
   * The input is `bytes` from `from` to `to`; `tick` is the one that runs next.
   * @returns why it was refused, or that an older one had to go.
   */
  accept(
    seq: number,
    wantedTick: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    tick: number,
  ): InputRefusal | undefined {
    const { waitingMax, lateTicksMax, earlyTicksMax } = this.#limits;
    if (seq <= this.lastSeq) return "input_out_of_order";
    if (wantedTick !== 0 && wantedTick < tick - lateTicksMax) return "input_too_late";
    if (wantedTick > tick + earlyTicksMax) return "input_too_early";
    const place = this.#first + this.#count;
    const at = (place > waitingMax ? place - waitingMax - 1 : place) * this.#placeWords;
    if (!this.#decode(bytes, from, to, at + WORDS)) return "input_malformed";
    this.ring[at + SEQ] = seq;
    this.ring[at + TICK] = wantedTick;
    this.lastSeq = seq;
    if (this.#count++ < waitingMax) return undefined;
    this.#drop();
    return "input_overflow";
  }

  /** See game-kit's prefetch.ts. */
  prefetch(): number {
    return (this.ring[this.#first * this.#placeWords] as number) + this.#count;
  }

  /** Whether an input waits for this tick or an earlier one. */
  due(tick: number): boolean {
    return this.#count > 0 && (this.ring[this.#first * this.#placeWords + TICK] as number) >>> 0 <= tick;
  }

  /** The oldest input. @returns where its words begin in `ring`, until the next call of accept. Call only when due. */
  take(): number {
    const at = this.#first * this.#placeWords;
    this.appliedSeq = (this.ring[at + SEQ] as number) >>> 0;
    this.#drop();
    return at + WORDS;
  }

  #decode(bytes: Uint8Array, from: number, to: number, at: number): boolean {
    try {
      this.#codec.decode(bytes, this.ring, from, to, at);
      return true;
    } catch (err) {
      if (err instanceof MalformedBitsError) return false;
      throw err;
    }
  }

  #drop(): void {
    this.#first = this.#first === this.#limits.waitingMax ? 0 : this.#first + 1;
    this.#count--;
  }
}
