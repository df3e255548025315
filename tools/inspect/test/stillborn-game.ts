// A match of it cannot begin.
import { gameWith } from "./games.ts";

export const stillborn = gameWith({
  init(s) {
    s.ticksLeft = 60.5;
  },
});
