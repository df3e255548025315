// Software prefetch, as far as JavaScript has one. Between two ticks of a match the kernel and other processes have had the
// processor's caches, and what a tick touches comes back line by line, each waiting for the one before. A pass that only
// reads one word of each line, for many matches in a row, has nothing to wait for: the processor fetches many at a time.
// After S. Vander Wiel and D. Lilja, "Data Prefetch Mechanisms" (ACM Computing Surveys 32, 2000), section 2.
//
// So whatever is used once per tick and match has a method `prefetch` that returns a number without a meaning, and whoever
// runs many matches sums these numbers up and hands the sum to `touched`, or the engine would leave the reads out.
//
// Behind a reference nothing can be read before the reference is there: a pass over whole matches waits once for each link of
// each match's chain. So there is a pass per depth, over all matches each: `prefetch(depth)` reads what lies so many
// references away, and when a pass follows one, what it reads is there already.

/** Passes that reach everything. */
export const PREFETCH_DEPTHS = 4;

/** Words of an Int32Array in a cache line of 64 bytes. */
const LINE_WORDS = 16;

/** Exported so that nobody can prove it useless. */
export let kept = 0;

export function touched(sum: number): void {
  kept = sum | 0;
}

/** One word of each line. */
export function prefetchWords(words: Int32Array): number {
  let value = 0;
  for (let i = 0; i < words.length; i += LINE_WORDS) value += words[i] as number;
  return value;
}
