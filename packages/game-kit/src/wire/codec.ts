// On the hot path, over every word of every match on every tick: design/realtime/performance.md.
//
// Encodes a state completely, or as the difference from what the previous state predicts (schema.ts, Expectation). Both ends have
// the previous state, so a delta says "as predicted" in one bit per group, then one bit per field, and encodes small differences
// of wide fields in few bits. The slots' properties are in flat arrays, and nothing is allocated.
import type { BitReader, BitWriter } from "./bits.ts";
import type { Group, Layout, Slot } from "../schema/layout.ts";
import type { Fields } from "../schema/schema.ts";

export interface Codec {
  /** Encodes the words from `at` on (default 0). */
  writeFull(words: Int32Array, to: BitWriter, at?: number): void;
  /** @throws RangeError if a value does not fit its field */
  writeDelta(before: Int32Array, words: Int32Array, to: BitWriter): void;
  /** Decodes into `words` from `at` on (default 0). */
  readFull(from: BitReader, words: Int32Array, at?: number): void;
  /** Applies a delta in place. */
  readDelta(from: BitReader, words: Int32Array): void;
  /** What a delta of these two costs by slot, in bits, added to `bits`; a group's own bit counts for its first slot. For tools. */
  addDeltaBits(before: Int32Array, words: Int32Array, bits: Uint32Array): void;
}

/** Fields at least this wide can encode a small change in SMALL_BITS instead of the whole value. */
const SMALL_FROM_BITS = 10;
const SMALL_BITS = 6;
const SMALL_SHIFT = 32 - SMALL_BITS;
const SMALL_MIN = -(1 << (SMALL_BITS - 1));
const SMALL_MAX = (1 << (SMALL_BITS - 1)) - 1;

/** `movesBy` of a slot that counts down, and of one that is expected to stay. */
const COUNTS_DOWN = -2;
const STAYS = -1;

const codecs = new WeakMap<Layout<Fields>, Codec>();

/** One per layout; all matches with that layout share it. */
export function codecOf<F extends Fields>(layout: Layout<F>): Codec {
  const key = layout as unknown as Layout<Fields>;
  let codec = codecs.get(key);
  if (!codec) codecs.set(key, (codec = new SlotCodec(key)));
  return codec;
}

/** What a difference is written to. */
interface BitSink {
  write(value: number, bits: number): void;
}

class BitCounter implements BitSink {
  bits = 0;

  write(_value: number, bits: number): void {
    this.bits += bits;
  }
}

class SlotCodec implements Codec {
  readonly #slots: readonly Slot[];
  /** Groups, as pairs of `from` and `to`. */
  readonly #groups: Int32Array;
  readonly #bits: Uint8Array;
  /** 32 minus the width: shifting left and then right by this wraps a value into the slot's range. */
  readonly #shifts: Uint8Array;
  readonly #signed: Uint8Array;
  /** Index of the slot that this one moves by, or one of the two constants above. */
  readonly #movesBy: Int32Array;

  constructor({ slots, groups }: Layout<Fields>) {
    this.#slots = slots;
    this.#groups = Int32Array.from(groups.flatMap(({ from, to }: Group) => [from, to]));
    this.#bits = Uint8Array.from(slots, (slot) => slot.bits);
    this.#shifts = Uint8Array.from(slots, (slot) => 32 - slot.bits);
    this.#signed = Uint8Array.from(slots, (slot) => Number(slot.signed));
    this.#movesBy = Int32Array.from(slots, (slot) =>
      slot.movesBy >= 0 ? slot.movesBy : slot.countsDown ? COUNTS_DOWN : STAYS,
    );
  }

  writeFull(words: Int32Array, to: BitWriter, at = 0): void {
    for (let i = 0; i < this.#bits.length; i++) {
      const word = words[at + i] as number;
      if (this.#wrapped(i, word) !== word) this.#refuse(i, word);
      to.write(word, this.#bits[i] as number);
    }
  }

  readFull(from: BitReader, words: Int32Array, at = 0): void {
    for (let i = 0; i < this.#bits.length; i++) words[at + i] = this.#wrapped(i, from.read(this.#bits[i] as number));
  }

  writeDelta(before: Int32Array, words: Int32Array, to: BitWriter): void {
    const groups = this.#groups;
    for (let g = 0; g < groups.length; g += 2) {
      const from = groups[g] as number;
      const end = groups[g + 1] as number;
      let first = from;
      while (first < end && words[first] === this.#expected(first, before[first] as number, words)) first++;
      to.write(first < end ? 1 : 0, 1);
      if (first === end) continue;
      for (let i = from; i < end; i++) {
        const guess = this.#expected(i, before[i] as number, words);
        const word = words[i] as number;
        to.write(word === guess ? 0 : 1, 1);
        if (word !== guess) this.#writeDifference(i, guess, word, to);
      }
    }
  }

  addDeltaBits(before: Int32Array, words: Int32Array, bits: Uint32Array): void {
    const counter = new BitCounter();
    for (let g = 0; g < this.#groups.length; g += 2) {
      const [from, end] = [this.#groups[g] as number, this.#groups[g + 1] as number];
      const guesses = Array.from({ length: end - from }, (_, i) =>
        this.#expected(from + i, before[from + i] as number, words),
      );
      bits[from] = (bits[from] as number) + 1;
      if (guesses.every((guess, i) => guess === words[from + i])) continue;
      for (let i = from; i < end; i++) {
        counter.bits = 1;
        const guess = guesses[i - from] as number;
        if (words[i] !== guess) this.#writeDifference(i, guess, words[i] as number, counter);
        bits[i] = (bits[i] as number) + counter.bits;
      }
    }
  }

  readDelta(from: BitReader, words: Int32Array): void {
    const groups = this.#groups;
    for (let g = 0; g < groups.length; g += 2) {
      const differs = from.read(1) === 1;
      for (let i = groups[g] as number; i < (groups[g + 1] as number); i++) {
        const guess = this.#expected(i, words[i] as number, words);
        words[i] = differs && from.read(1) === 1 ? this.#readDifference(i, guess, from) : guess;
      }
    }
  }

  /** `now` holds the new values of the slots before this one: a slot moves by one that is declared before it. */
  #expected(i: number, before: number, now: Int32Array): number {
    const by = this.#movesBy[i] as number;
    if (by === STAYS) return before;
    if (by === COUNTS_DOWN) return before === 0 ? 0 : (before - 1) | 0;
    return this.#wrapped(i, (before + (now[by] as number)) | 0);
  }

  /** Wraps a value into the slot's range, as a word represents it. */
  #wrapped(i: number, value: number): number {
    const shift = this.#shifts[i] as number;
    return this.#signed[i] === 1 ? (value << shift) >> shift : ((value << shift) >>> shift) | 0;
  }

  #writeDifference(i: number, guess: number, word: number, to: BitSink): void {
    if (this.#wrapped(i, word) !== word) this.#refuse(i, word);
    const bits = this.#bits[i] as number;
    if (bits === 1) return; // a flag that differs has the other value
    if (bits >= SMALL_FROM_BITS) {
      const shift = this.#shifts[i] as number;
      const difference = ((word - guess) << shift) >> shift;
      const small = difference >= SMALL_MIN && difference <= SMALL_MAX;
      to.write(small ? 1 : 0, 1);
      if (small) return to.write(difference, SMALL_BITS);
    }
    to.write(word, bits);
  }

  #readDifference(i: number, guess: number, from: BitReader): number {
    const bits = this.#bits[i] as number;
    if (bits === 1) return guess ^ 1;
    if (bits >= SMALL_FROM_BITS && from.read(1) === 1)
      return this.#wrapped(i, guess + ((from.read(SMALL_BITS) << SMALL_SHIFT) >> SMALL_SHIFT));
    return this.#wrapped(i, from.read(bits));
  }

  #refuse(i: number, word: number): never {
    const slot = this.#slots[i] as Slot;
    const value = slot.bits === 32 && !slot.signed ? word >>> 0 : word;
    throw new RangeError(`${slot.path} = ${value} does not fit ${slot.bits} bits`);
  }
}
