// Cuts texts between user-perceived characters, never between UTF-16 units: half of a surrogate pair is not text, and a
// database, a hash and a peer each convert it differently.

const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** Unicode code points: the unit of every length in the contracts and of a column's `varchar(n)`. */
export function lengthOf(text: string): number {
  let length = 0;
  for (const _ of text) length++;
  return length;
}

/** At most `max` code points from the start, and whole characters only: an emoji of several code points is in or out. */
export function cut(text: string, max: number): string {
  const whole = text.toWellFormed();
  if (whole.length <= max || lengthOf(whole) <= max) return whole;
  let kept = "";
  let left = max;
  for (const { segment } of GRAPHEMES.segment(whole)) {
    left -= lengthOf(segment);
    if (left < 0) break;
    kept += segment;
  }
  return kept;
}
