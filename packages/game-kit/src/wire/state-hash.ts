// On the hot path, once per tick: design/realtime/performance.md.
//
// MurmurHash3 x86_32 (A. Appleby) over a state's words and its tick: equal on both sides if both have the same state.

/** The hash as 8 hexadecimal digits. */
export function hashWords(words: Int32Array, tick: number): string {
  return hashNumber(words, words.length, tick).toString(16).padStart(8, "0");
}

/** The hash of the first `count` words. */
export function hashNumber(words: Int32Array, count: number, tick: number): number {
  let h = 0;
  for (let i = 0; i <= count; i++) {
    let k = i < count ? (words[i] as number) : tick;
    k = Math.imul(k, 0xcc9e2d51);
    k = (k << 15) | (k >>> 17);
    h ^= Math.imul(k, 0x1b873593);
    h = (h << 13) | (h >>> 19);
    h = (Math.imul(h, 5) + 0xe6546b64) | 0;
  }
  h ^= (count + 1) * 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
