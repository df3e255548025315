// The canonical order of a mode's results. No I/O.

/** Of a result in it. */
export interface Position {
  readonly endedAtMs: number;
  readonly matchId: string;
}

/** The server orders ids in the same way: they are ASCII there. */
export function comparePositions(a: Position, b: Position): number {
  return a.endedAtMs - b.endedAtMs || (a.matchId < b.matchId ? -1 : a.matchId > b.matchId ? 1 : 0);
}
