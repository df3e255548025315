// Each line with a number in a comment has a fault that the tests look for.
import { gameWith, good } from "./games.ts";

let steps = 0;

export const chance = gameWith({
  step(s, inputs, context) {
    good.step(s, inputs, context);
    steps++;
    (s.players[1] as { bonus: number }).bonus = Math.floor(Math.random() * 200); // 1
    (s.players[0] as { bonus: number }).bonus = steps & 127; // 2
  },
  result(s, context) {
    if (s.ticksLeft === 30) (s.players[0] as { points: number }).points = 0; // 3
    return good.result(s, context);
  },
});
