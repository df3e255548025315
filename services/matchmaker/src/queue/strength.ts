// What ratings say about two players: how likely one beats the other. By the formula of the model that made the ratings
// (design/backend/v2.1-rating.md). No I/O.
import type { Ticket } from "@muster/contracts/matchmaking/v2";

/** Of the model: how much a player's strength varies from match to match. */
const BETA = 25 / 6;
const MU_INITIAL = 25;
const POINTS_INITIAL = 1500;
const TWO_BETA_SQUARED = 2 * BETA ** 2;
/** A point is worth the same chance as in Elo's scale: 400 are ten to one. */
const POINTS_PER_LOGIT = 400 / Math.LN10;
const POINTS_PER_MU = POINTS_PER_LOGIT / Math.sqrt(TWO_BETA_SQUARED);

/** What the queue knows of a player. */
export interface Strength {
  /** Expected strength in points, an integer. */
  readonly rating: number;
  /** σ², in the rating's own unit; absent: nothing is known of it, and the rating counts as certain. */
  readonly variance?: number;
}

/** `rating` alone speaks for a ticket of a gateway that knows no σ. */
export function strengthOf({ rating, mu, sigma }: Pick<Ticket, "rating" | "mu" | "sigma">): Strength {
  if (sigma === 0) return { rating };
  return { rating: Math.round(POINTS_INITIAL + (mu - MU_INITIAL) * POINTS_PER_MU), variance: sigma ** 2 };
}

/**
 * Which share of a difference in strength counts: the less is known of two players, the nearer is the chance to a half. The difference, times
 * this, is what their chance is worth in points.
 */
export function certaintyOf(varianceA: number, varianceB: number): number {
  return Math.sqrt(TWO_BETA_SQUARED / (varianceA + varianceB + TWO_BETA_SQUARED));
}

/** That the first one wins: 1 / (1 + exp((µ₂ − µ₁) / √(σ₁² + σ₂² + 2β²))). */
export function winChance(a: Strength, b: Strength): number {
  const points = (b.rating - a.rating) * certaintyOf(a.variance ?? 0, b.variance ?? 0);
  return 1 / (1 + Math.exp(points / POINTS_PER_LOGIT));
}
