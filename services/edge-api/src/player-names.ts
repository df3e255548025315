// The names of the players on a leaderboard: rating-service has only their ids.
import type { GetProfileResponse } from "@muster/contracts/identity/v2";
import { AppError } from "@muster/errors";
import { type Bounded, BoundedMap } from "@muster/runtime";

/** A new name is seen after at most this long. */
const FRESH_MS = 60_000;
/** Policy at the limit: what was read longest ago is read again when it is wanted. */
const ENTRIES_MAX = 20_000;

interface Entry {
  /** Empty: there is no such player. */
  readonly name: string;
  readonly until: number;
}

type ReadProfile = (playerId: string) => Promise<Pick<GetProfileResponse, "profile">>;

export class PlayerNames implements Bounded {
  readonly #read: ReadProfile;
  readonly #now: () => number;
  readonly #entries = new BoundedMap<string, Entry>(ENTRIES_MAX);

  constructor(read: ReadProfile, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  get size(): number {
    return this.#entries.size;
  }

  get evictions(): number {
    return this.#entries.evictions;
  }

  /** By id. Names that cannot be read now are left out: a leaderboard without them is better than none. */
  async of(playerIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const found = await Promise.all(playerIds.map(async (id) => [id, await this.#nameOf(id)] as const));
    return new Map(found.filter((entry): entry is [string, string] => entry[1] !== ""));
  }

  /** Its name has changed. Other instances read it anew when theirs is no longer fresh. */
  forget(playerId: string): void {
    this.#entries.delete(playerId);
  }

  async #nameOf(playerId: string): Promise<string> {
    const known = this.#entries.get(playerId);
    if (known && this.#now() < known.until) return known.name;
    try {
      const { profile } = await this.#read(playerId);
      return this.#keep(playerId, profile?.name ?? "");
    } catch (err) {
      if (err instanceof AppError && err.code === "player_not_found") return this.#keep(playerId, "");
      return "";
    }
  }

  #keep(playerId: string, name: string): string {
    this.#entries.set(playerId, { name, until: this.#now() + FRESH_MS });
    return name;
  }
}
