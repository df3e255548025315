// Limits practice by player and by address: it costs a shard as much as any match, and needs no other player to begin.
// No I/O, no clock of its own.
import { type Bounded, BoundedMap } from "@muster/runtime";

/** Matches that one player may begin in a burst, and the interval at which one more is allowed. */
export const PRACTICE_STARTS_MAX = 6;
export const PRACTICE_START_EVERY_MS = 5000;
/** Practice matches of one address at the same time. */
export const PRACTICE_PER_ADDRESS_MAX = 32;
/** The wait that is given to a player whose address has too many practice matches running. */
const ADDRESS_RETRY_MS = 5000;
const PLAYERS_MAX = 50_000;

interface Begun {
  readonly addresses: readonly string[];
}

export class PracticeQuotas {
  readonly #byMatch = new Map<string, Begun>();
  readonly #byAddress = new Map<string, number>();
  /** By player: when all of its starts are back. */
  readonly #fullAt = new BoundedMap<string, number>(PLAYERS_MAX);

  get bounded(): Readonly<Record<string, Bounded>> {
    return { practiceStarts: this.#fullAt };
  }

  /** How long the player has to wait, milliseconds; 0: not at all. */
  waitMs(playerId: string, address: string, now: number): number {
    if ((this.#byAddress.get(address) ?? 0) >= PRACTICE_PER_ADDRESS_MAX) return ADDRESS_RETRY_MS;
    const wait = (this.#fullAt.get(playerId) ?? now) - now - (PRACTICE_STARTS_MAX - 1) * PRACTICE_START_EVERY_MS;
    return Math.max(0, wait);
  }

  /** A match that may be placed. An unknown address is not counted. */
  begin(matchId: string, tickets: readonly { readonly address?: string }[]): void {
    const addresses = tickets.map(({ address = "" }) => address).filter((address) => address !== "");
    this.#byMatch.set(matchId, { addresses });
    for (const address of addresses) this.#byAddress.set(address, (this.#byAddress.get(address) ?? 0) + 1);
  }

  /** It was placed: counted for its players too. */
  begun(playerId: string, now: number): void {
    const fullAt = Math.max(now, this.#fullAt.get(playerId) ?? now) + PRACTICE_START_EVERY_MS;
    this.#fullAt.set(playerId, fullAt);
  }

  /** It is over, or was not placed. */
  end(matchId: string): void {
    const begun = this.#byMatch.get(matchId);
    this.#byMatch.delete(matchId);
    for (const address of begun?.addresses ?? []) {
      const left = (this.#byAddress.get(address) ?? 0) - 1;
      if (left > 0) this.#byAddress.set(address, left);
      else this.#byAddress.delete(address);
    }
  }
}
