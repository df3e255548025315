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

/** Nobody of flesh is here. */
export function deserted(seats: readonly Seat[]): boolean {
  return seats.every((one) => one.left || one.bot || !one.session);
}
