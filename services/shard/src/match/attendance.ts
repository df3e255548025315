// Who came to a match, who really played it, and whose fault it is when it came to nothing.
import type { MatchOutcome } from "./match-spec.ts";
import type { Seat } from "./seat.ts";

/** Time enough to come. Who leaves sooner did not let the others come; who leaves later has waited for them. */
const FAIR_WAIT_MS = 3000;

/** Of a match that is cancelled before it has begun, after so long: whose fault it is. */
export function noShowsOf(seats: readonly Seat[], waitedMs: number): number[] {
  const leftSoon = waitedMs < FAIR_WAIT_MS && seats.some(({ left }) => left);
  const isAway = leftSoon ? (seat: Seat) => seat.left : (seat: Seat) => !seat.joinedBefore;
  return numbersOf(seats, isAway);
}

/** Gone by now, and not there for `playedAfterMs` of the match. */
export function leftEarly(seat: Seat, playedAfterMs: number): boolean {
  return !seat.bot && !seat.session && seat.presentMs < playedAfterMs;
}

/**
 * Of a match that had begun and is over: who left others in it before it was really played. Who goes because all others are
 * away is not to blame, they are; and when they were all lost without a word, the fault may be ours.
 */
export function earlyLeaversOf(seats: readonly Seat[], outcome: MatchOutcome, playedAfterMs: number): number[] {
  const early = (seat: Seat): boolean => leftEarly(seat, playedAfterMs);
  if (outcome.kind === "ended") return numbersOf(seats, early);
  if (outcome.reason !== "abandoned" || !seats.some(({ gaveUp }) => gaveUp)) return [];
  return numbersOf(seats, (seat) => early(seat) && !seat.gaveUp);
}

/** Of a match with a result: who did not really play it, and so is nobody's gain: left early, or did nothing in all that time. */
export function unplayedOf(seats: readonly Seat[], outcome: MatchOutcome, playedAfterMs: number): number[] {
  if (outcome.kind !== "ended") return [];
  const long = outcome.reason === "played" || seats.some(({ presentMs }) => presentMs >= playedAfterMs);
  return numbersOf(seats, (seat) => leftEarly(seat, playedAfterMs) || (long && !seat.bot && !seat.acted));
}

function numbersOf(seats: readonly Seat[], is: (seat: Seat) => boolean): number[] {
  return seats.flatMap((seat, number) => (!seat.bot && is(seat) ? [number] : []));
}
