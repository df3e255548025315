// On the hot path, once per input: design/realtime/performance.md.
//
// The inputs of every seat of this process that wait for their tick. Each seat has a ring of fixed size, and all rings are in
// one array: with a ring's index, storing an input reads neither the match nor the seat, and costs one cache line instead of
// a chain of objects. Nothing is allocated per input.
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

/** In ticks: one second at 30 a second. */
export const INPUT_LIMITS: InputLimits = { waitingMax: 16, lateTicksMax: 30, earlyTicksMax: 30 };

/** The channel of the match whose ring it is; 0: nobody's, nothing is accepted. */
const OWNER = 0;
/** The tick that runs next; 0: nothing is accepted yet. */
const NEXT_TICK = 1;
/** The oldest input that waits: the number of its slot. */
const FIRST = 2;
const COUNT = 3;
/** Highest sequence number that was accepted. */
const LAST_SEQ = 4;
/** Which codec decodes its inputs. */
const CODEC = 5;
const RING = 6;
/** A slot: sequence number, tick, then the input's words. The first one lies beside what the ring says of itself. */
const SEQ = 0;
const TICK = 1;
const WORDS = 2;
/** Words of a cache line: a ring is a whole number of them, so that no two share more than one. */
const LINE_WORDS = 16;
const WORDS_INITIAL = 4096;

export class InputRings {
  /** Replaced when it grows. */
  words = new Int32Array(WORDS_INITIAL);
  readonly #limits: InputLimits;
  readonly #codecs: InputCodec<Fields>[] = [];
  /** By size: the first rings of matches that are over. */
  readonly #free = new Map<number, number[]>();
  /** Index 0 is nobody's ring. */
  #end = LINE_WORDS;

  constructor(limits: InputLimits = INPUT_LIMITS) {
    this.#limits = limits;
  }

  /** Words of a ring. */
  sizeOf(codec: InputCodec<Fields>): number {
    // One slot more than inputs wait at most: where the next one is decoded.
    const words = RING + (this.#limits.waitingMax + 1) * (WORDS + codec.words);
    return Math.ceil(words / LINE_WORDS) * LINE_WORDS;
  }

  /**
   * A ring for each of a match's seats, one behind the other.
   * @param owner above 0, and never used again
   * @param lastSeqs by seat: what was applied before
   * @returns the first one's index
   */
  open(codec: InputCodec<Fields>, owner: number, lastSeqs: Uint32Array): number {
    const size = this.sizeOf(codec);
    const all = size * lastSeqs.length;
    const first = this.#free.get(all)?.pop() ?? this.#append(all);
    this.words.fill(0, first, first + all);
    for (const [seat, lastSeq] of lastSeqs.entries()) {
      const at = first + seat * size;
      this.words[at + OWNER] = owner;
      this.words[at + LAST_SEQ] = lastSeq;
      this.words[at + CODEC] = this.#numberOf(codec);
    }
    return first;
  }

  /** Nothing is accepted or waits any more; the ring stays the owner's. */
  shut(at: number): void {
    this.words[at + OWNER] = 0;
    this.words[at + COUNT] = 0;
  }

  /** Another match may get the rings from now on. */
  close(first: number, codec: InputCodec<Fields>, seats: number): void {
    const size = this.sizeOf(codec);
    for (let seat = 0; seat < seats; seat++) this.shut(first + seat * size);
    const free = this.#free.get(size * seats);
    if (free) free.push(first);
    else this.#free.set(size * seats, [first]);
  }

  /**
   * The input is `bytes` from `from` to `to`.
   * @returns why it was refused, or that an older one had to go.
   */
  accept(
    at: number,
    owner: number,
    seq: number,
    wantedTick: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): InputRefusal | undefined {
    const { words } = this;
    const tick = (words[at + NEXT_TICK] as number) >>> 0;
    if (words[at + OWNER] !== (owner | 0) || tick === 0) return "not_in_match";
    const { waitingMax, lateTicksMax, earlyTicksMax } = this.#limits;
    if (seq <= (words[at + LAST_SEQ] as number) >>> 0) return "input_out_of_order";
    if (wantedTick !== 0 && wantedTick < tick - lateTicksMax) return "input_too_late";
    if (wantedTick > tick + earlyTicksMax) return "input_too_early";
    const codec = this.#codecs[words[at + CODEC] as number] as InputCodec<Fields>;
    const count = words[at + COUNT] as number;
    const number = (words[at + FIRST] as number) + count;
    const slot = at + RING + (number > waitingMax ? number - waitingMax - 1 : number) * (WORDS + codec.words);
    if (!decoded(codec, bytes, from, to, words, slot + WORDS)) return "input_malformed";
    words[slot + SEQ] = seq;
    words[slot + TICK] = wantedTick;
    words[at + LAST_SEQ] = seq;
    words[at + COUNT] = count + 1;
    if (count < waitingMax) return undefined;
    this.#drop(at);
    return "input_overflow";
  }

  /** From now on it takes inputs, and this tick is the next. */
  setTick(at: number, tick: number): void {
    this.words[at + NEXT_TICK] = tick;
  }

  lastSeq(at: number): number {
    return (this.words[at + LAST_SEQ] as number) >>> 0;
  }

  /** Whether an input waits for this tick or an earlier one. */
  due(at: number, tick: number): boolean {
    return this.words[at + COUNT] !== 0 && (this.words[this.#oldest(at) + TICK] as number) >>> 0 <= tick;
  }

  /** The oldest input. @returns where its words begin in `words`, until the next call of accept. Call only when due. */
  take(at: number): number {
    const slot = this.#oldest(at);
    this.#drop(at);
    return slot + WORDS;
  }

  /** Its sequence number, by where its words begin. */
  seqAt(words: number): number {
    return (this.words[words - WORDS + SEQ] as number) >>> 0;
  }

  #oldest(at: number): number {
    const first = this.words[at + FIRST] as number;
    if (first === 0) return at + RING;
    return at + RING + first * (WORDS + (this.#codecs[this.words[at + CODEC] as number] as InputCodec<Fields>).words);
  }

  /** An empty ring begins at its first slot again: the others are seldom touched, and need not be in any cache. */
  #drop(at: number): void {
    const { words } = this;
    const count = (words[at + COUNT] as number) - 1;
    const next = (words[at + FIRST] as number) + 1;
    words[at + COUNT] = count;
    words[at + FIRST] = count === 0 || next > this.#limits.waitingMax ? 0 : next;
  }

  #append(size: number): number {
    const at = this.#end;
    this.#end += size;
    if (this.#end > this.words.length) {
      const bigger = new Int32Array(Math.max(this.words.length * 2, this.#end));
      bigger.set(this.words);
      this.words = bigger;
    }
    return at;
  }

  /** A game's codec is one object, however many matches there are. */
  #numberOf(codec: InputCodec<Fields>): number {
    const known = this.#codecs.indexOf(codec);
    return known >= 0 ? known : this.#codecs.push(codec) - 1;
  }
}

function decoded(
  codec: InputCodec<Fields>,
  bytes: Uint8Array,
  from: number,
  to: number,
  into: Int32Array,
  at: number,
): boolean {
  try {
    codec.decode(bytes, into, from, to, at);
    return true;
  } catch (err) {
    if (err instanceof MalformedBitsError) return false;
    throw err;
  }
}
