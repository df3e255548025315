/** Choices between two readings of the clock. A reading costs about as much as a choice, and even this many of the most expensive choices take less than a millisecond. */
const ASKED_PER_LOOK = 8;

/** To be asked after each choice: false when the time is over. */
export function timeSlice(now: () => number, ms: number): () => boolean {
  const until = now() + ms;
  let asked = 0;
  return () => ++asked % ASKED_PER_LOOK !== 0 || now() < until;
}
