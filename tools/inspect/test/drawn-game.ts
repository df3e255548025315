// Nobody ever wins; and the result of a match that everybody has left is one that no match-service takes.
import { gameWith } from "./games.ts";

export const drawn = gameWith({
  result: (s) => (s.ticksLeft > 0 ? undefined : { seats: [1, 1].map((rank) => ({ score: 0, rank })) }),
  forfeit: () => ({ seats: [2, 2].map((rank) => ({ score: 0, rank })) }),
});
