// Four in a row: seven columns, six rows, discs fall. It has no clock of its own: a step is a move.
import { type Game, type GameResult, list, type StateOf, uint } from "@muster/game-kit";
import { fourBot } from "./bot.ts";

export const COLUMNS = 7;
export const ROWS = 6;
const IN_A_ROW = 4;
/** Steps along a line: right, up, and both diagonals. */
const DIRECTIONS = [
  [1, 0],
  [0, 1],
  [1, 1],
  [1, -1],
] as const;

const NOBODY = 0;
/** `winner`: seat 0 is 1, seat 1 is 2. */
const DRAW = 3;

const state = {
  /** Whose move it is. */
  toMove: uint(1),
  /** Moves made. */
  moves: uint(6),
  winner: uint(2),
  /** Column by column from the left, each from the bottom; 0 is empty, else the seat plus one. */
  cells: list(COLUMNS * ROWS, { disc: uint(2) }),
};
const input = { column: uint(3) };

export type FourState = StateOf<typeof state>;
export type FourInput = StateOf<typeof input>;

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
    // A step without any input is the end of the time for a move.
    if (inputs.every((one) => one === undefined)) return end(s, 2 - mover);
    const column = inputs[mover]?.column ?? COLUMNS;
    const row = open(s, column);
    if (row === undefined) return; // out of turn, or no such move
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

/** The lowest free row of a column; undefined when it is full, or none. */
export function open(s: FourState, column: number): number | undefined {
  if (column >= COLUMNS) return undefined;
  for (let row = 0; row < ROWS; row++) if (discAt(s, column, row) === NOBODY) return row;
  return undefined;
}

function discAt(s: FourState, column: number, row: number): number {
  if (column < 0 || column >= COLUMNS || row < 0 || row >= ROWS) return NOBODY;
  return s.cells[column * ROWS + row]?.disc ?? NOBODY;
}

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
