// Players who were given a seat and did not join. Each no-show makes the next wait longer, and nobody waits for the same
// player twice. Joining matches reduces the penalty. Kept in memory: a restart clears it. No I/O, no clock of its own.
import { type Bounded, BoundedMap } from "@muster/runtime";

/** After the first one; doubled by each further one. */
export const COOLDOWN_FIRST_MS = 10_000;
export const COOLDOWN_MAX_MS = 30 * 60_000;
/** One no-show is forgotten after this time, or after one match that the player joined. */
export const FORGOTTEN_MS = 30 * 60_000;
/** For this long after a no-show, a player is paired only with other no-shows. */
export const APART_MS = 30_000;
/** After more no-shows of unknown players than this, every newcomer of the same address has to wait. */
export const ADDRESS_FREE_MAX = 3;
export const ADDRESS_COOLDOWN_MAX_MS = 5 * 60_000;
/** The latest players who waited for this one in vain, and are not paired with it again. */
const VICTIMS_MAX = 64;
const PLAYERS_MAX = 50_000;
const ADDRESSES_MAX = 10_000;
const KNOWN_MAX = 200_000;

interface Standing {
  count: number;
  /** When the count was right. */
  at: number;
  /** The latest no-show. */
  latest: number;
  readonly victims: Set<string>;
}

export interface Apart {
  /** With whom it is never paired. */
  readonly victims: ReadonlySet<string>;
}

export class NoShows {
  readonly #players = new BoundedMap<string, Standing>(PLAYERS_MAX);
  readonly #addresses = new BoundedMap<string, Standing>(ADDRESSES_MAX);
  /** Players who came to a match with others. */
  readonly #known = new BoundedMap<string, true>(KNOWN_MAX);

  get bounded(): Readonly<Record<string, Bounded>> {
    return { noShowPlayers: this.#players, noShowAddresses: this.#addresses, knownPlayers: this.#known };
  }

  add(playerId: string, address: string, victims: readonly string[], now: number): void {
    const standing = put(this.#players, playerId, now);
    for (const victim of victims) {
      standing.victims.delete(victim);
      standing.victims.add(victim);
      if (standing.victims.size > VICTIMS_MAX)
        standing.victims.delete(standing.victims.values().next().value as string);
    }
    if (address !== "" && !this.#known.has(playerId)) put(this.#addresses, address, now);
  }

  /** It came to a match with others. */
  came(playerId: string, now: number): void {
    this.#known.set(playerId, true);
    const standing = current(this.#players, playerId, now);
    if (standing && --standing.count <= 0) this.#players.delete(playerId);
  }

  /** How long it has to wait before it may queue, milliseconds; 0: not at all. */
  cooldownMs(playerId: string, address: string, now: number): number {
    const own = current(this.#players, playerId, now);
    const shared = this.#ofAddress(playerId, address, now);
    return Math.max(
      own ? own.latest + cooldown(own.count, COOLDOWN_MAX_MS) - now : 0,
      shared ? shared.latest + cooldown(shared.count - ADDRESS_FREE_MAX, ADDRESS_COOLDOWN_MAX_MS) - now : 0,
      0,
    );
  }

  /** Undefined: like everybody. */
  apart(playerId: string, address: string, now: number): Apart | undefined {
    return current(this.#players, playerId, now) ?? this.#ofAddress(playerId, address, now);
  }

  /** What newcomers of the address are held to. */
  #ofAddress(playerId: string, address: string, now: number): Standing | undefined {
    if (this.#known.has(playerId)) return undefined;
    const standing = current(this.#addresses, address, now);
    return standing && standing.count > ADDRESS_FREE_MAX ? standing : undefined;
  }
}

function cooldown(count: number, maxMs: number): number {
  return count < 1 ? 0 : Math.min(maxMs, COOLDOWN_FIRST_MS * 2 ** (count - 1));
}

/** As of now, without what was forgotten by time. */
function current(standings: BoundedMap<string, Standing>, key: string, now: number): Standing | undefined {
  const standing = standings.get(key);
  if (!standing) return undefined;
  const forgotten = Math.floor((now - standing.at) / FORGOTTEN_MS);
  standing.count -= forgotten;
  standing.at += forgotten * FORGOTTEN_MS;
  if (standing.count > 0) return standing;
  standings.delete(key);
  return undefined;
}

function put(standings: BoundedMap<string, Standing>, key: string, now: number): Standing {
  const standing = current(standings, key, now) ?? { count: 0, at: now, latest: now, victims: new Set<string>() };
  standing.count++;
  standing.latest = now;
  standings.set(key, standing);
  return standing;
}
