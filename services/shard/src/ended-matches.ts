// Matches that ended while a player was away: kept for as long as the seat would have been, so that who comes back sees how it
// ended, and not only that it did.
import type { Match } from "./match.ts";

/** At the limit the oldest is forgotten: its players hear the end from the database. */
const KEPT_MAX = 256;

export class EndedMatches {
  readonly #forMs: number;
  readonly #byId = new Map<string, { readonly match: Match; readonly timer: NodeJS.Timeout }>();

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  get(matchId: string): Match | undefined {
    return this.#byId.get(matchId)?.match;
  }

  keep(match: Match): void {
    const { matchId } = match.spec;
    const timer = setTimeout(() => this.#byId.delete(matchId), this.#forMs);
    this.#byId.set(matchId, { match, timer: timer.unref() });
    if (this.#byId.size <= KEPT_MAX) return;
    const [oldest, { timer: its }] = this.#byId.entries().next().value as [string, { timer: NodeJS.Timeout }];
    clearTimeout(its);
    this.#byId.delete(oldest);
  }
}
