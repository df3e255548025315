// A place in a match: whose it is, who sits there now, and what they sent.
import type { LogPlayer } from "@muster/game-kit";
import type { Session } from "./audience.ts";
import { type InputLimits, SeatInputs } from "./inputs.ts";
import type { MatchSpec } from "./match-spec.ts";

const INPUTS_WAITING_MAX = 16;
/** In ticks: one second at 30 a second. */
const INPUT_LATE_TICKS_MAX = 30;
const INPUT_EARLY_TICKS_MAX = 30;

const INPUT_LIMITS: InputLimits = {
  waitingMax: INPUTS_WAITING_MAX,
  lateTicksMax: INPUT_LATE_TICKS_MAX,
  earlyTicksMax: INPUT_EARLY_TICKS_MAX,
};

export interface Seat {
  readonly playerId: string;
  /** The game plays it itself: nobody joins, and nobody is waited for. */
  readonly bot: boolean;
  readonly inputs: SeatInputs;
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
    inputs: new SeatInputs(played.simulation.input, INPUT_LIMITS, played.seqs[seat]),
    session: undefined,
    joinedBefore: played.simulation.tick > 0 || bot !== undefined,
    left: played.left[seat] as boolean,
    graceTimer: undefined,
  }));
}

/** See game-kit's prefetch.ts. */
export function prefetchSeats(seats: readonly Seat[]): number {
  let sum = 0;
  for (let i = 0; i < seats.length; i++) sum += (seats[i] as Seat).inputs.prefetch();
  return sum;
}

/** Nobody of flesh is here. */
export function deserted(seats: readonly Seat[]): boolean {
  return seats.every((one) => one.left || one.bot || !one.session);
}
