// A provisional rating, so that the queue has something to match by: Elo (A. Elo, "The Rating of Chessplayers", 1978)
// with K = 32. A match of more than two is scored as the mean of its pairs.

export const RATING_INITIAL = 1500;
const K = 32;
const SCALE = 400;

export interface Rated {
  readonly rating: number;
  readonly rank: number;
}

/** New ratings in the order given, whole points. Sums to zero change up to rounding. */
export function rated(players: readonly Rated[]): number[] {
  return players.map((one, i) => {
    let change = 0;
    players.forEach((other, j) => {
      if (i === j) return;
      const expected = 1 / (1 + 10 ** ((other.rating - one.rating) / SCALE));
      const scored = one.rank < other.rank ? 1 : one.rank === other.rank ? 0.5 : 0;
      change += scored - expected;
    });
    return one.rating + Math.round((K * change) / Math.max(1, players.length - 1));
  });
}
