// A seat: whose it is, which socket has it now, and for how long its player was connected.
import type { LogPlayer } from "@muster/game-kit";
import type { LinkSession } from "../tick/subscribers.ts";
import type { MatchPlayer, MatchSpec } from "./match-spec.ts";

export class Seat {
  readonly playerId: string;
  /** The game plays it itself: nobody joins, and nobody is waited for. */
  readonly bot: boolean;
  joinedBefore: boolean;
  /** Gave up, or did not come back in time. */
  left: boolean;
  graceTimer: NodeJS.Timeout | undefined;
  /** Left by its player's own word, and not by a lost connection. */
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

/** As they are after what the log tells. */
export function seatsOf(spec: MatchSpec, player: LogPlayer): Seat[] {
  const { tick } = player.simulation;
  const { tickRate } = spec.game;
  return spec.players.map((one, seat) => {
    const left = player.left[seat] as boolean;
    // Of what went on elsewhere only a clock tells how long it took; and nobody is blamed for what a move of the match did.
    const presentMs = tick === 0 ? 0 : left && tickRate > 0 ? (tick * 1000) / tickRate : Infinity;
    return new Seat(one, { played: tick > 0, left, presentMs });
  });
}

/** Undefined when it is not this player's. */
export function seatOfPlayer(seats: readonly Seat[], seatNumber: number, playerId: string): Seat | undefined {
  const seat = seats[seatNumber];
  return seat && !seat.bot && seat.playerId === playerId ? seat : undefined;
}

/** Beside bots alone a seat is kept no longer than this: nobody waits for its player, and the match costs what any costs. */
const ALONE_GRACE_MS = 8000;

/** How long a seat that is left now is kept. */
export function keptMs(seats: readonly Seat[], graceMs: number): number {
  return deserted(seats) && seats.some(({ bot }) => bot) ? Math.min(graceMs, ALONE_GRACE_MS) : graceMs;
}

/** Given up. */
export function leftOf(seats: readonly Seat[]): number[] {
  return seats.flatMap(({ left }, number) => (left ? [number] : []));
}

/** Nobody of flesh is here. */
export function deserted(seats: readonly Seat[]): boolean {
  return seats.every((one) => one.left || one.bot || !one.session);
}

/** The rules take no notice of its move. A bot, and a player who has gone meanwhile, need not hear of it. */
export function tellIllegal(seat: Seat | undefined): void {
  const session = seat?.session;
  session?.link.refuse(session.id, "illegal_move");
}
