// A seat: its player, the player's current socket, and how long the player was connected.
import type { LogPlayer } from "@muster/game-kit";
import type { LinkSession } from "../tick/subscribers.ts";
import type { MatchPlayer, MatchSpec } from "./match-spec.ts";

export class Seat {
  readonly playerId: string;
  /** A bot plays it: nobody joins, and nobody is waited for. */
  readonly bot: boolean;
  joinedBefore: boolean;
  /** Gave up, or did not come back in time. */
  left: boolean;
  graceTimer: NodeJS.Timeout | undefined;
  /** The player left on purpose, not by a lost connection. */
  gaveUp = false;
  /** Sent an input that was applied; known at the end of the match. */
  acted = false;
  #session: LinkSession | undefined;
  /** How long its player was connected to the running match, up to `#countedAt`, milliseconds. */
  #presentMs: number;
  /** Undefined: it is not counted now. */
  #countedAt: number | undefined;
  #begun = false;

  constructor({ playerId, bot }: MatchPlayer, before: { played: boolean; left: boolean; presentMs: number }) {
    this.playerId = playerId;
    this.bot = bot !== undefined;
    this.joinedBefore = before.played || this.bot;
    this.left = before.left;
    this.#presentMs = before.presentMs;
  }

  get session(): LinkSession | undefined {
    return this.#session;
  }

  /** The match has begun, or goes on here: from now on time is counted. */
  begin(): void {
    this.#begun = true;
    if (this.#session) this.#countedAt ??= performance.now();
  }

  occupy(session: LinkSession): void {
    this.#session = session;
    this.joinedBefore = true;
    if (this.#begun) this.#countedAt ??= performance.now();
  }

  vacate(gaveUp: boolean): void {
    this.#presentMs = this.presentMs;
    this.#countedAt = undefined;
    this.#session = undefined;
    this.gaveUp ||= gaveUp;
  }

  get presentMs(): number {
    return this.#presentMs + (this.#countedAt === undefined ? 0 : performance.now() - this.#countedAt);
  }
}

/** The seats as they are after the records of the log. */
export function seatsOf(spec: MatchSpec, player: LogPlayer): Seat[] {
  const { tick } = player.simulation;
  const { tickRate } = spec.game;
  return spec.players.map((one, seat) => {
    const left = player.left[seat] as boolean;
    // Only in a game with a clock do the ticks say how long it ran on another shard. Nobody is blamed for a takeover.
    const presentMs = tick === 0 ? 0 : left && tickRate > 0 ? (tick * 1000) / tickRate : Infinity;
    return new Seat(one, { played: tick > 0, left, presentMs });
  });
}

/** Undefined when it is not this player's. */
export function seatOfPlayer(seats: readonly Seat[], seatNumber: number, playerId: string): Seat | undefined {
  const seat = seats[seatNumber];
  return seat && !seat.bot && seat.playerId === playerId ? seat : undefined;
}

/** How long a seat is kept in a match with bots only: nobody waits for its player, and the match costs as much as any other. */
const ALONE_GRACE_MS = 8000;

/** How long a seat that is left now is kept. */
export function keptMs(seats: readonly Seat[], graceMs: number): number {
  return deserted(seats) && seats.some(({ bot }) => bot) ? Math.min(graceMs, ALONE_GRACE_MS) : graceMs;
}

/** Given up. */
export function leftOf(seats: readonly Seat[]): number[] {
  return seats.flatMap(({ left }, number) => (left ? [number] : []));
}

/** No human player is connected. */
export function deserted(seats: readonly Seat[]): boolean {
  return seats.every((one) => one.left || one.bot || !one.session);
}

/** Tells a player that the rules ignore the move. A bot, or a player who has gone meanwhile, need not know. */
export function tellIllegal(seat: Seat | undefined): void {
  const session = seat?.session;
  session?.link.refuse(session.id, "illegal_move");
}
