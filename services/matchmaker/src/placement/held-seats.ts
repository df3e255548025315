// Which player holds a seat in which match; a player holds at most one in the whole system. The information comes from
// placements and from the shards: only they know which matches have ended and, after a restart of this process, which exist.
// No I/O.
import type { AssignedSeat } from "@muster/contracts/matchmaking/v2";
import { type Bounded, BoundedMap } from "@muster/runtime";
import type { WaitingTicket } from "../queue/waiting-ticket.ts";

export interface HeldMatch {
  readonly matchId: string;
  readonly mode: string;
  readonly gameId: string;
  readonly epoch: number;
  readonly shardId: string;
  readonly shardAddress: string;
  readonly seats: readonly Pick<AssignedSeat, "seat" | "playerId" | "playerName" | "bot">[];
  readonly traceparent: string;
  /** States of it may have been shown. */
  readonly begun: boolean;
  /** By seat; unknown for a match that this process did not place. */
  readonly tickets: readonly WaitingTicket[];
}

export interface HeldSeat {
  readonly match: HeldMatch;
  readonly seat: number;
}

export interface Freed {
  readonly match: HeldMatch;
  /** Players whose seats were held until now. */
  readonly freed: readonly string[];
}

/** After its shard is gone, a match is on another shard within this time, or over. */
const ORPHANED_MAX_MS = 15_000;
/** A match may be over before its placement is done. */
const OVER_REMEMBERED_MAX = 1000;

export class HeldSeats {
  readonly #byPlayer = new Map<string, HeldSeat>();
  readonly #matches = new Map<string, HeldMatch>();
  /** Matches whose shard has disconnected or has not reported them yet, and until when they are kept. */
  readonly #orphaned = new Map<string, number>();
  readonly #over = new BoundedMap<string, true>(OVER_REMEMBERED_MAX);

  get bounded(): Readonly<Record<string, Bounded>> {
    return { matchesOver: this.#over };
  }

  get matches(): number {
    return this.#matches.size;
  }

  of(playerId: string): HeldSeat | undefined {
    return this.#byPlayer.get(playerId);
  }

  /**
   * @param left seats that are given up already
   * @returns false when the match is over already
   */
  hold(match: HeldMatch, left: readonly number[] = []): boolean {
    const { matchId } = match;
    if (this.#over.has(matchId)) return false;
    const known = this.#matches.get(matchId);
    // The placement knows the tickets; the shard does not.
    const held = known
      ? {
          ...match,
          seats: known.seats,
          tickets: known.tickets,
          traceparent: known.traceparent,
          begun: known.begun || match.begun,
        }
      : match;
    this.#matches.set(matchId, held);
    this.#orphaned.delete(matchId);
    for (const { seat, playerId, bot } of held.seats) {
      const other = this.#byPlayer.get(playerId);
      if (bot !== "" || left.includes(seat) || (other && other.match.matchId !== matchId)) continue;
      this.#byPlayer.set(playerId, { match: held, seat });
    }
    return true;
  }

  /** Its players have all come. */
  begin(matchId: string, shardId: string): void {
    const match = this.#ofShard(matchId, shardId);
    if (match) this.#matches.set(matchId, { ...match, begun: true });
  }

  /** Known, and no state of it was ever shown. */
  neverBegun(matchId: string): boolean {
    return this.#matches.get(matchId)?.begun === false;
  }

  /** The match goes on without these. */
  free(matchId: string, shardId: string, seats: readonly number[]): Freed | undefined {
    const match = this.#ofShard(matchId, shardId);
    const gone = match?.seats.filter(({ seat }) => seats.includes(seat));
    return match && gone && { match, freed: gone.flatMap((seat) => this.#drop(match, seat)) };
  }

  /** @param shardId who says so; undefined: match-service does */
  over(matchId: string, shardId?: string): Freed | undefined {
    const match = shardId === undefined ? this.#matches.get(matchId) : this.#ofShard(matchId, shardId);
    if (!this.#matches.has(matchId)) this.#over.set(matchId, true);
    if (!match) return undefined;
    this.#matches.delete(matchId);
    this.#orphaned.delete(matchId);
    return { match, freed: match.seats.flatMap((seat) => this.#drop(match, seat)) };
  }

  /** Its matches are kept for a while only: another shard may take them over, or this one comes back. */
  shardGone(shardId: string, now: number): void {
    for (const { matchId, shardId: of } of this.#matches.values())
      if (of === shardId) this.#orphaned.set(matchId, now + ORPHANED_MAX_MS);
  }

  /** The shard has reported all matches that it holds. @returns other matches that were attributed to it */
  complete(shardId: string): string[] {
    return [...this.#orphaned.keys()].filter((matchId) => this.#matches.get(matchId)?.shardId === shardId);
  }

  /** @returns the matches that nobody has taken over */
  expired(now: number): string[] {
    return [...this.#orphaned].filter(([, until]) => until <= now).map(([matchId]) => matchId);
  }

  #ofShard(matchId: string, shardId: string): HeldMatch | undefined {
    const match = this.#matches.get(matchId);
    return match?.shardId === shardId ? match : undefined;
  }

  #drop({ matchId }: HeldMatch, { playerId }: HeldMatch["seats"][number]): string[] {
    if (this.#byPlayer.get(playerId)?.match.matchId !== matchId) return [];
    this.#byPlayer.delete(playerId);
    return [playerId];
  }
}
