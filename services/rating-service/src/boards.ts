// What a change of ratings is for the leaderboards. No I/O.
import { displayOf } from "./display.ts";
import type { PlayerState } from "./fold.ts";

/** By board and display rating: how many players came to it, less those who left it. */
export interface BoardChange {
  readonly season: number;
  readonly region: string;
  readonly display: number;
  readonly bucket: number;
  readonly delta: number;
}

export const BUCKET_S = 600;

/** Ten minutes in which players got to a display rating: of many who are equal, those of earlier buckets are counted at once. */
export function bucketOf(reachedAtMs: number): { readonly bucket: number; readonly startsAtMs: number } {
  const bucket = Math.max(0, Math.floor(reachedAtMs / (BUCKET_S * 1000)));
  return { bucket, startsAtMs: bucket * BUCKET_S * 1000 };
}

/** Both of one player in one season; undefined: it has no rating there. */
export interface RatingChange {
  readonly before: PlayerState | undefined;
  readonly after: PlayerState | undefined;
}

/** What cancels out is left out. */
export function boardChanges(changes: readonly RatingChange[]): BoardChange[] {
  const sums = new Map<string, BoardChange>();
  const add = (state: PlayerState | undefined, delta: number): void => {
    if (!state || state.matches === 0) return;
    const position = {
      season: state.season,
      region: state.region,
      display: displayOf(state),
      bucket: bucketOf(state.reachedAtMs).bucket,
    };
    const key = `${position.season}/${position.region}/${position.display}/${position.bucket}`;
    sums.set(key, { ...position, delta: (sums.get(key)?.delta ?? 0) + delta });
  };
  for (const { before, after } of changes) {
    add(before, -1);
    add(after, 1);
  }
  return [...sums.values()].filter(({ delta }) => delta !== 0);
}
