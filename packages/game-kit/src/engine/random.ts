// On the hot path, inside a game's step: design/realtime/performance.md.
import type { Cursor } from "../schema/struct-view.ts";

/**
 * Random numbers that are part of the state: xorshift32 (G. Marsaglia, "Xorshift RNGs", 2003, triple 13, 17, 5).
 * Good enough for spawn points and weapon spread, one word of state, identical on every machine. Not for secrets.
 */
export class Random {
  readonly #cursor: Cursor;
  readonly #at: number;

  /** The generator's word is cursor.words[at]; it must not be 0. */
  constructor(cursor: Cursor, at: number) {
    this.#cursor = cursor;
    this.#at = at;
  }

  /** Any seed is valid; similar seeds give unrelated generators (finaliser of MurmurHash3). */
  seed(seed: number): void {
    let h = seed | 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    this.#cursor.words[this.#at] = h === 0 ? 0x9e3779b9 | 0 : h;
  }

  /** 0 to 2^32-1. */
  uint32(): number {
    let x = this.#cursor.words[this.#at] as number;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#cursor.words[this.#at] = x;
    return x >>> 0;
  }

  /** 0 to n-1, for n from 1 to 2^16; the bias is below 2^-16. */
  below(n: number): number {
    return Math.floor(((this.uint32() >>> 16) * n) / 65_536);
  }
}
