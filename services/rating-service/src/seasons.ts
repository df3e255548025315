// To which season a result belongs, and what a new season does to a rating. No I/O.
import { must } from "@muster/errors";
import { NEWCOMER } from "./rate-match.ts";

export interface Season {
  readonly season: number;
  readonly name: string;
  readonly startsAtMs: number;
}

/** Per season, to σ²: about as much as a newcomer learns of itself in its first matches is forgotten. */
const FORGOTTEN = (25 / 12) ** 2;

/** @param seasons by number; the first one began before everything */
export function seasonAt(seasons: readonly Season[], atMs: number): Season {
  return seasons.findLast(({ startsAtMs }) => startsAtMs <= atMs) ?? must(seasons[0], "there is a season 1");
}

/** σ at the first match after `begun` seasons have begun. */
export function softReset(sigma: number, begun: number): number {
  return begun <= 0 ? sigma : Math.max(sigma, Math.min(NEWCOMER.sigma, Math.sqrt(sigma * sigma + begun * FORGOTTEN)));
}
