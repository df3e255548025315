import { COLUMNS, type FourInput, type FourState, open } from "./state.ts";

/** Columns from the middle outwards. */
const PREFERRED = [3, 2, 4, 1, 5, 0, 6];

/** Plays the first open column of its list, rotated by the number of moves: always legal, and games vary. */
export function fourBot(s: FourState, seat: number): FourInput | undefined {
  if (s.toMove !== seat || s.winner !== 0) return undefined;
  for (let i = 0; i < COLUMNS; i++) {
    const column = PREFERRED[(i + s.moves + seat) % COLUMNS] as number;
    if (open(s, column) !== undefined) return { column };
  }
  return undefined;
}
