// The board, and the input of a player.
import { list, type StateOf, uint } from "@muster/game-kit";

export const COLUMNS = 7;
export const ROWS = 6;
export const NOBODY = 0;

export const state = {
  /** The seat whose move it is. */
  toMove: uint(1),
  /** Moves made. */
  moves: uint(6),
  winner: uint(2),
  /** Cells column by column from the left, each column from the bottom; 0 is empty, otherwise the seat plus one. */
  cells: list(COLUMNS * ROWS, { disc: uint(2) }),
};
export const input = { column: uint(3) };

export type FourState = StateOf<typeof state>;
export type FourInput = StateOf<typeof input>;

/** The lowest free row of a column; undefined if the column is full or does not exist. */
export function open(s: FourState, column: number): number | undefined {
  if (column >= COLUMNS) return undefined;
  for (let row = 0; row < ROWS; row++) if (discAt(s, column, row) === NOBODY) return row;
  return undefined;
}

export function discAt(s: FourState, column: number, row: number): number {
  if (column < 0 || column >= COLUMNS || row < 0 || row >= ROWS) return NOBODY;
  return s.cells[column * ROWS + row]?.disc ?? NOBODY;
}
