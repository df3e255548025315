// A place in a match: whose it is, and who sits there now.
import type { LogPlayer } from "@muster/game-kit";
import type { Session } from "./audience.ts";
import type { MatchSpec } from "./match-spec.ts";

export interface Seat {
  readonly playerId: string;
  /** The game plays it itself: nobody joins, and nobody is waited for. */
  readonly bot: boolean;
  session: Session | undefined;
  joinedBefore: boolean;
  /** Gave up, or did not come back in time. */
  left: boolean;
  graceTimer: NodeJS.Timeout | undefined;
}

/** As they are after what the log tells. */
export function seatsOf(spec: MatchSpec, played: LogPlayer): Seat[] {
  return spec.players.map(({ playerId, bot }, seat) => ({
    playerId,
    bot: bot !== undefined,
    session: undefined,
    joinedBefore: played.simulation.tick > 0 || bot !== undefined,
    left: played.left[seat] as boolean,
    graceTimer: undefined,
  }));
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

/** Time enough to come. Who leaves sooner did not let the others come; who leaves later has waited for them. */
const FAIR_WAIT_MS = 3000;

/** Of a match that is cancelled before it has begun, after so long: whose fault it is. */
export function noShowsOf(seats: readonly Seat[], waitedMs: number): number[] {
  const leftSoon = waitedMs < FAIR_WAIT_MS && seats.some(({ left }) => left);
  const isAway = leftSoon ? (seat: Seat) => seat.left : (seat: Seat) => !seat.joinedBefore;
  return seats.flatMap((seat, number) => (!seat.bot && isAway(seat) ? [number] : []));
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
