// Games for the tests: a good one, and others that differ from it by one fault.
import { flag, type Game, list, uint } from "@muster/game-kit";

const state = { ticksLeft: uint(8, { countsDown: true }), players: list(2, { points: uint(8), bonus: uint(8) }) };
const input = { go: flag() };
export type State = typeof state;
export type Input = typeof input;

export function gameWith(changes: Partial<Game<State, Input>>): Game<State, Input> {
  return {
    id: "trial",
    buildId: "trial-1",
    tickRate: 30,
    seatsMin: 2,
    seatsMax: 2,
    state,
    input,
    inputMode: "held",
    options: {},
    init(s) {
      s.ticksLeft = 60;
    },
    step(s, inputs) {
      s.players.forEach((player, seat) => {
        if (inputs[seat]?.go) player.points++;
      });
      s.ticksLeft--;
    },
    result(s) {
      if (s.ticksLeft > 0) return undefined;
      const [a, b] = s.players.map(({ points, bonus }) => points + bonus) as [number, number];
      return {
        seats: [
          { score: a, rank: a >= b ? 1 : 2 },
          { score: b, rank: b >= a ? 1 : 2 },
        ],
      };
    },
    forfeit: (_, left) => ({ seats: left.map((gone) => ({ score: 0, rank: gone && !left.every(Boolean) ? 2 : 1 })) }),
    ...changes,
  };
}

export const good = gameWith({});
