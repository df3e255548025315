// What players see of a rating. No I/O.
import type { Strength } from "./rate-match.ts";

const NEWCOMER_POINTS = 1000;
const POINTS_PER_MU = 40;
const SIGMAS_BELOW = 3;

/** A lower bound of the strength, which the player almost certainly has: whole points, never below 0; a newcomer has 1000. */
export function displayOf({ mu, sigma }: Strength): number {
  return Math.max(0, NEWCOMER_POINTS + Math.round(POINTS_PER_MU * (mu - SIGMAS_BELOW * sigma)));
}

/** How uncertain it is: one standard deviation, in points. */
export function deviationOf({ sigma }: Strength): number {
  return Math.round(POINTS_PER_MU * sigma);
}
