// State on the wire: whole, or as the difference to what the state before lets expect (schema.ts, Expectation). Both
// ends hold the state before, so a delta says per group "as expected" in one bit, per field the same, and codes small
// differences of wide fields in few bits.
import type { BitReader, BitWriter } from "./bits.ts";
import type { Group, Layout, Slot } from "./layout.ts";
import type { Fields } from "./schema.ts";

export interface Codec {
  writeFull(words: Int32Array, to: BitWriter): void;
  /** @throws RangeError when the game stored a value that its field cannot hold. */
  writeDelta(before: Int32Array, words: Int32Array, to: BitWriter): void;
  readFull(from: BitReader, words: Int32Array): void;
  /** Applies a delta in place. */
  readDelta(from: BitReader, words: Int32Array): void;
}

/** Fields at least this wide may send a small change in SMALL_BITS instead of the whole value. */
const SMALL_FROM_BITS = 10;
const SMALL_BITS = 6;
const SMALL_MIN = -(1 << (SMALL_BITS - 1));
const SMALL_MAX = (1 << (SMALL_BITS - 1)) - 1;

export function codecOf<F extends Fields>(layout: Layout<F>): Codec {
  const { slots, groups } = layout;
  return {
    writeFull(words, to) {
      for (let i = 0; i < slots.length; i++) {
        const slot = slots[i] as Slot;
        to.write(checkedWord(slot, words[i] as number), slot.bits);
      }
    },
    readFull(from, words) {
      for (let i = 0; i < slots.length; i++) words[i] = readWord(slots[i] as Slot, from);
    },
    writeDelta(before, words, to) {
      for (let g = 0; g < groups.length; g++) {
        const { from, to: end } = groups[g] as Group;
        let differs = false;
        for (let i = from; i < end && !differs; i++)
          differs = words[i] !== expected(slots[i] as Slot, before[i] as number, words);
        to.write(differs ? 1 : 0, 1);
        if (!differs) continue;
        for (let i = from; i < end; i++) {
          const slot = slots[i] as Slot;
          const word = words[i] as number;
          const guess = expected(slot, before[i] as number, words);
          to.write(word === guess ? 0 : 1, 1);
          if (word !== guess) writeDifference(slot, guess, word, to);
        }
      }
    },
    readDelta(from, words) {
      for (const group of groups) {
        const differs = from.read(1) === 1;
        for (let i = group.from; i < group.to; i++) {
          const slot = slots[i] as Slot;
          const guess = expected(slot, words[i] as number, words);
          words[i] = differs && from.read(1) === 1 ? readDifference(slot, guess, from) : guess;
        }
      }
    },
  };
}

/** `now` holds the new values of the slots before this one: a slot moves by one that is declared before it. */
function expected(slot: Slot, before: number, now: Int32Array): number {
  if (slot.movesBy >= 0) return fit(slot, before + (now[slot.movesBy] as number));
  return slot.countsDown && before !== 0 ? before - 1 : before;
}

function writeDifference(slot: Slot, guess: number, word: number, to: BitWriter): void {
  checkedWord(slot, word);
  if (slot.bits === 1) return; // a flag that differs has the other value
  if (slot.bits >= SMALL_FROM_BITS) {
    const difference = signExtended(word - guess, slot.bits);
    const small = difference >= SMALL_MIN && difference <= SMALL_MAX;
    to.write(small ? 1 : 0, 1);
    if (small) return to.write(difference, SMALL_BITS);
  }
  to.write(word, slot.bits);
}

function readDifference(slot: Slot, guess: number, from: BitReader): number {
  if (slot.bits === 1) return guess ^ 1;
  if (slot.bits >= SMALL_FROM_BITS && from.read(1) === 1)
    return fit(slot, guess + signExtended(from.read(SMALL_BITS), SMALL_BITS));
  return readWord(slot, from);
}

/** Wraps around into the slot's range. */
function fit(slot: Slot, value: number): number {
  if (slot.signed) return signExtended(value, slot.bits);
  return slot.bits === 32 ? value | 0 : value & (2 ** slot.bits - 1);
}

function readWord(slot: Slot, from: BitReader): number {
  const raw = from.read(slot.bits);
  return slot.signed ? signExtended(raw, slot.bits) : raw | 0;
}

/** The low bits as a two's complement number. */
function signExtended(value: number, bits: number): number {
  const shift = 32 - bits;
  return (value << shift) >> shift;
}

function checkedWord(slot: Slot, word: number): number {
  const value = slot.bits === 32 && !slot.signed ? word >>> 0 : word;
  if (value < slot.min || value > slot.max)
    throw new RangeError(`${slot.path} = ${value} does not fit ${slot.bits} bits`);
  return word;
}
