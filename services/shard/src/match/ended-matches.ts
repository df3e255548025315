// Matches that ended while a player was disconnected. They are kept for as long as the seat would have been, so that a
// returning player sees how the match ended, and not only that it did.
import { type Bounded, BoundedMap } from "@muster/runtime";
import type { Match } from "./match.ts";

/** At the limit the oldest is forgotten: its players learn the end from match-service. */
const KEPT_MAX = 256;

interface Kept {
  readonly match: Match;
  readonly timer: NodeJS.Timeout;
}

export class EndedMatches {
  readonly #forMs: number;
  readonly #byId = new BoundedMap<string, Kept>(KEPT_MAX, ({ timer }) => clearTimeout(timer));

  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  get bounded(): Readonly<Record<string, Bounded>> {
    return { endsToShow: this.#byId };
  }

  get(matchId: string): Match | undefined {
    return this.#byId.get(matchId)?.match;
  }

  keep(match: Match): void {
    const { matchId } = match.spec;
    const timer = setTimeout(() => this.#byId.delete(matchId), this.#forMs);
    this.#byId.set(matchId, { match, timer: timer.unref() });
  }
}
