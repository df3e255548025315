// Four in a row: seven columns, six rows, discs fall. The game has no clock: a step is a move.
import type { Game, GameResult } from "@muster/game-kit";
import { fourBot } from "./bot.ts";
import { COLUMNS, discAt, type FourState, input, NOBODY, open, ROWS, state } from "./state.ts";

const IN_A_ROW = 4;
/** Steps along a line: right, up, and both diagonals. */
const DIRECTIONS = [
  [1, 0],
  [0, 1],
  [1, 1],
  [1, -1],
] as const;

/** `winner`: 1 for seat 0, 2 for seat 1. */
const DRAW = 3;

export const four: Game<typeof state, typeof input> = {
  id: "four",
  buildId: "four-1",
  tickRate: 0,
  seatsMin: 2,
  seatsMax: 2,
  state,
  input,
  inputMode: "event",
  options: { turnSeconds: { default: 30, min: 1, max: 600 } },
  bots: { steady: fourBot },
  turns: {
    of: (s) => s.moves,
    withinMs: ({ options }) => (options["turnSeconds"] as number) * 1000,
  },

  init() {},

  step(s, inputs) {
    const mover = s.toMove;
    // A step without any input means that the time for the move is over.
    if (inputs.every((one) => one === undefined)) return end(s, 2 - mover);
    const column = inputs[mover]?.column ?? COLUMNS;
    const row = open(s, column);
    if (row === undefined) return; // not this player's turn, or not a legal move
    (s.cells[column * ROWS + row] as { disc: number }).disc = mover + 1;
    s.moves++;
    if (connects(s, column, row)) end(s, mover + 1);
    else if (s.moves === COLUMNS * ROWS) end(s, DRAW);
    else s.toMove = 1 - mover;
  },

  accepts: (s, seat, { column }) => seat === s.toMove && open(s, column) !== undefined,

  result(s) {
    return s.winner === NOBODY ? undefined : outcome(s.winner);
  },

  forfeit(_, left) {
    return outcome(left[0] === left[1] ? DRAW : left[0] ? 2 : 1);
  },
};

/** Whether the disc here is one of four in a line. */
function connects(s: FourState, column: number, row: number): boolean {
  const mine = discAt(s, column, row);
  return DIRECTIONS.some(([dx, dy]) => {
    const reach = (sign: number): number => {
      let length = 0;
      while (discAt(s, column + sign * dx * (length + 1), row + sign * dy * (length + 1)) === mine) length++;
      return length;
    };
    return 1 + reach(1) + reach(-1) >= IN_A_ROW;
  });
}

function end(s: FourState, winner: number): void {
  s.winner = winner;
}

function outcome(winner: number): GameResult {
  return {
    seats: [1, 2].map((one) => ({
      score: winner === one ? 1 : 0,
      rank: winner === one || winner === DRAW ? 1 : 2,
    })),
  };
}
