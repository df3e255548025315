import { grown } from "./links.ts";

const BITS = 32;

/**
 * Which slots are free, one bit each. They are taken in rising order, round and round, so that tickets that arrive one after the other lie
 * side by side: a pass goes by age, and finds its next ticket in the same cache lines. The slot that was freed last has neighbours of all ages.
 */
export class FreeSlots {
  #words: Int32Array;
  #count = 0;
  /** The word where the last one was found. */
  #at = 0;

  /** From one slot up to the capacity, a multiple of 32, all are free. */
  constructor(from: number, capacity: number) {
    this.#words = new Int32Array(capacity / BITS);
    for (let slot = from; slot < capacity; slot++) this.add(slot);
  }

  get count(): number {
    return this.#count;
  }

  grow(capacity: number): void {
    const before = this.#words.length * BITS;
    this.#words = grown(this.#words, capacity / BITS);
    for (let slot = before; slot < capacity; slot++) this.add(slot);
  }

  add(slot: number): void {
    const at = Math.floor(slot / BITS);
    this.#words[at] = (this.#words[at] as number) | (1 << (slot % BITS));
    this.#count++;
  }

  /** There must be one. */
  take(): number {
    while (this.#words[this.#at] === 0) this.#at = (this.#at + 1) % this.#words.length;
    const word = this.#words[this.#at] as number;
    this.#words[this.#at] = word & (word - 1);
    this.#count--;
    const lowestBit = BITS - 1 - Math.clz32(word & -word);
    return this.#at * BITS + lowestBit;
  }
}
