// A provisional rating, so that the queue has something to match by: Elo (A. Elo, "The Rating of Chessplayers", 1978) with K
// = 32. A match of more than two players is scored as the mean of its pairs.

export const RATING_INITIAL = 1500;
const K = 32;
const SCALE = 400;
/** Recent matches of the same two players that count in full; each further one counts half as much as the one before. */
const FULL_MEETINGS_MAX = 3;

export interface Rated {
  readonly rating: number;
  readonly rank: number;
  /** Left early or did nothing: nobody gains by it, and it gains nothing. */
  readonly unplayed?: boolean;
}

/**
 * New ratings in the order given, whole points; undefined where the match says nothing. Sums to zero change up to rounding, or to
 * a loss.
 * @param weight of a pair, by their ranks
 */
export function updateRatings(
  players: readonly Rated[],
  weight: (i: number, j: number) => number = () => 1,
): (number | undefined)[] {
  return players.map((one, i) => {
    let change = 0;
    let counts = false;
    players.forEach((other, j) => {
      if (i === j) return;
      const expected = 1 / (1 + 10 ** ((other.rating - one.rating) / SCALE));
      const scored = one.rank < other.rank ? 1 : one.rank === other.rank ? 0.5 : 0;
      const points = weight(i, j) * (scored - expected);
      const fair = !one.unplayed && !other.unplayed;
      if (!fair && points >= 0) return;
      change += points;
      counts = true;
    });
    return !counts ? undefined : one.rating + Math.round((K * change) / (players.length - 1));
  });
}

/** How much a match counts between two who met so often before, lately: what two who agree can give each other has an end. */
export function meetingWeight(before: number): number {
  return 0.5 ** Math.max(0, before + 1 - FULL_MEETINGS_MAX);
}
