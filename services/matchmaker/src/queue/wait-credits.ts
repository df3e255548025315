// Players whose match was cancelled because another player did not join. When they queue again, they keep the waiting time
// that they had, so they are matched first.
import { type Bounded, BoundedMap } from "@muster/runtime";

/** For players who queue again within this time. */
const CREDIT_MS = 60_000;
const PLAYERS_MAX = 20_000;

interface Credit {
  readonly mode: string;
  readonly since: number;
  readonly until: number;
}

export class WaitCredits {
  readonly #byPlayer = new BoundedMap<string, Credit>(PLAYERS_MAX);

  get bounded(): Readonly<Record<string, Bounded>> {
    return { waitCredits: this.#byPlayer };
  }

  add(playerId: string, mode: string, since: number, now: number): void {
    this.#byPlayer.set(playerId, { mode, since, until: now + CREDIT_MS });
  }

  /** When the wait began; undefined: now. */
  of(playerId: string, mode: string, now: number): number | undefined {
    const credit = this.#byPlayer.get(playerId);
    return credit && credit.mode === mode && credit.until > now ? credit.since : undefined;
  }

  /** It has a match. */
  use(playerId: string): void {
    this.#byPlayer.delete(playerId);
  }
}
