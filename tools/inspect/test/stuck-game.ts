// A step that never returns.
import { gameWith } from "./games.ts";

export const stuck = gameWith({
  step(s) {
    while (s.ticksLeft > 0) if (s.ticksLeft < 60) s.ticksLeft = 60;
  },
});
