// Who joined a match, who actually played it, and who is responsible if it was cancelled.
import type { MatchOutcome } from "./match-spec.ts";
import type { Seat } from "./seat.ts";

/** Enough time to join. A player who leaves earlier gave the others no chance to; one who leaves later has waited for them. */
const FAIR_WAIT_MS = 3000;

/** The seats to blame for a match that was cancelled before it began, after `waitedMs`. */
export function noShowsOf(seats: readonly Seat[], waitedMs: number): number[] {
  const leftSoon = waitedMs < FAIR_WAIT_MS && seats.some(({ left }) => left);
  const isAway = leftSoon ? (seat: Seat) => seat.left : (seat: Seat) => !seat.joinedBefore;
  return numbersOf(seats, isAway);
}

/** The player is gone, and was connected for less than `playedAfterMs` of the match. */
export function leftEarly(seat: Seat, playedAfterMs: number): boolean {
  return !seat.bot && !seat.session && seat.presentMs < playedAfterMs;
}

/**
 * Of a match that had begun and is over: the players who left the others before it was really played. A player who leaves
 * because all others are away is not to blame, they are; when all connections were lost without a word, the fault may be ours.
 */
export function earlyLeaversOf(seats: readonly Seat[], outcome: MatchOutcome, playedAfterMs: number): number[] {
  const early = (seat: Seat): boolean => leftEarly(seat, playedAfterMs);
  if (outcome.kind === "ended") return numbersOf(seats, early);
  if (outcome.reason !== "abandoned" || !seats.some(({ gaveUp }) => gaveUp)) return [];
  return numbersOf(seats, (seat) => early(seat) && !seat.gaveUp);
}

/** Of a match with a result: the seats that did not really play (left early, or sent no input), from which nobody gains rating. */
export function unplayedOf(seats: readonly Seat[], outcome: MatchOutcome, playedAfterMs: number): number[] {
  if (outcome.kind !== "ended") return [];
  const long = outcome.reason === "played" || seats.some(({ presentMs }) => presentMs >= playedAfterMs);
  return numbersOf(seats, (seat) => leftEarly(seat, playedAfterMs) || (long && !seat.bot && !seat.acted));
}

function numbersOf(seats: readonly Seat[], is: (seat: Seat) => boolean): number[] {
  return seats.flatMap((seat, number) => (!seat.bot && is(seat) ? [number] : []));
}
