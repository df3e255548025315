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

export class SeatInputs {
  readonly #codec: InputCodec<Fields>;
  readonly #limits: InputLimits;
  readonly #words: Int32Array[];
  readonly #seqs: Uint32Array;
  readonly #ticks: Uint32Array;
  readonly #scratch: Int32Array;
  #first = 0;
  #count = 0;
  /** Highest sequence number that was accepted. */
  lastSeq = 0;
  /** Highest sequence number that was applied. */
  appliedSeq = 0;

  /** `appliedSeq`: what the seat had applied on the shard before. */
  constructor(codec: InputCodec<Fields>, limits: InputLimits, appliedSeq = 0) {
    this.lastSeq = appliedSeq;
    this.appliedSeq = appliedSeq;
    this.#codec = codec;
    this.#limits = limits;
    this.#words = Array.from({ length: limits.waitingMax }, () => new Int32Array(codec.words));
    this.#seqs = new Uint32Array(limits.waitingMax);
    this.#ticks = new Uint32Array(limits.waitingMax);
    this.#scratch = new Int32Array(codec.words);
  }

  /** `tick` is the one that runs next. @returns why it was refused, or that an older one had to go. */
  accept(seq: number, wantedTick: number, payload: Uint8Array, tick: number): InputRefusal | undefined {
    if (seq <= this.lastSeq) return "input_out_of_order";
    if (wantedTick !== 0 && wantedTick < tick - this.#limits.lateTicksMax) return "input_too_late";
    if (wantedTick > tick + this.#limits.earlyTicksMax) return "input_too_early";
    if (!this.#decode(payload)) return "input_malformed";
    const overflow = this.#count === this.#limits.waitingMax;
    if (overflow) this.#drop();
    const at = (this.#first + this.#count) % this.#limits.waitingMax;
    (this.#words[at] as Int32Array).set(this.#scratch);
    this.#seqs[at] = seq;
    this.#ticks[at] = wantedTick;
    this.#count++;
    this.lastSeq = seq;
    return overflow ? "input_overflow" : undefined;
  }

  /** Whether an input waits for this tick or an earlier one. */
  due(tick: number): boolean {
    return this.#count > 0 && (this.#ticks[this.#first] as number) <= tick;
  }

  /** The oldest input; valid until the next call of accept. Call only when due. */
  take(): Int32Array {
    const words = this.#words[this.#first] as Int32Array;
    this.appliedSeq = this.#seqs[this.#first] as number;
    this.#drop();
    return words;
  }

  #decode(payload: Uint8Array): boolean {
    try {
      this.#codec.decode(payload, this.#scratch);
      return true;
    } catch (err) {
      if (err instanceof MalformedBitsError) return false;
      throw err;
    }
  }

  #drop(): void {
    this.#first = (this.#first + 1) % this.#limits.waitingMax;
    this.#count--;
  }
}
