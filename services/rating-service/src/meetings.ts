// How often two players have met lately, and how much a match between them counts. No I/O.
import type { Position } from "./position.ts";

/** How far back matches of the same two players count as recent. */
export const MEETINGS_WINDOW_MS = 24 * 3_600_000;
/** Recent matches of the same two players that count in full; each further one counts half as much as the one before. */
const FULL_MEETINGS_MAX = 3;

/** How much a match between two players counts after so many recent ones between them: what two who collude can give each other is limited. */
export function pairWeight(before: number): number {
  return 0.5 ** Math.max(0, before + 1 - FULL_MEETINGS_MAX);
}

/** The recent matches of some players, added in canonical order. */
export class Meetings {
  readonly #ofPlayer = new Map<string, Map<string, number>>();

  /** Whether the player's matches have been added, and only later ones are missing. */
  knows(playerId: string): boolean {
    return this.#ofPlayer.has(playerId);
  }

  add(playerId: string, match?: Position): void {
    let matches = this.#ofPlayer.get(playerId);
    if (!matches) this.#ofPlayer.set(playerId, (matches = new Map()));
    if (!match) return;
    // From its oldest on, so that it stays as short as the window.
    for (const [matchId, endedAtMs] of matches) {
      if (endedAtMs >= match.endedAtMs - MEETINGS_WINDOW_MS) break;
      matches.delete(matchId);
    }
    matches.set(match.matchId, match.endedAtMs);
  }

  /** Matches that both were in, before `now` and within the window. */
  count(one: string, other: string, now: Position): number {
    const others = this.#ofPlayer.get(other);
    let shared = 0;
    for (const [matchId, endedAtMs] of this.#ofPlayer.get(one) ?? [])
      if (endedAtMs >= now.endedAtMs - MEETINGS_WINDOW_MS && others?.has(matchId)) shared++;
    return shared;
  }
}
