// What a match does to the ratings of its players. No I/O. The rules, and why: design/backend/v2.1-rating.md.
import { assert } from "@muster/errors";
import { rate } from "openskill";

/** Stored with every point. Another version of the library, or another rule in this file, is another name. */
export const ALGORITHM = "openskill-5.0.1/pl-1";

export const NEWCOMER = { mu: 25, sigma: 25 / 3 } as const;

export interface Strength {
  readonly mu: number;
  readonly sigma: number;
}

export interface RatedSeat extends Strength {
  readonly playerId: string;
  /** Players with the same number are a team; undefined: it plays alone. */
  readonly team?: number | undefined;
  /** 1 is the best; equal ranks are a draw. */
  readonly rank: number;
  /** Left early, or did nothing. */
  readonly unplayed: boolean;
}

/** The pairs' weights, from 0 to 1: see pairWeight. */
export type WeightOf = (playerId: string, opponentId: string) => number;

/** New strengths by player; those that are not in it have not changed. Neither the seats' order nor the teams' numbers matter. */
export function rateMatch(seats: readonly RatedSeat[], weightOf: WeightOf = () => 1): Map<string, Strength> {
  const teams = teamsOf(seats);
  const asItEnded = rateTeams(teams);
  const withoutUnplayed = seats.some((seat) => seat.unplayed)
    ? rateTeams(teamsOf(seats.filter((seat) => !seat.unplayed)))
    : asItEnded;
  const changed = new Map<string, Strength>();
  for (const team of teams)
    for (const seat of team) {
      const full = asItEnded.get(seat.playerId);
      if (!full) continue;
      const fair = seat.unplayed ? undefined : withoutUnplayed.get(seat.playerId);
      const target = { mu: Math.min(full.mu, fair?.mu ?? seat.mu), sigma: fair?.sigma ?? seat.sigma };
      const after = moved(seat, target, meanWeight(seat, team, teams, weightOf));
      if (after.mu !== seat.mu || after.sigma !== seat.sigma) changed.set(seat.playerId, after);
    }
  return changed;
}

/** In an order that depends on ranks and ids alone: sums of floating-point numbers depend on theirs. */
function teamsOf(seats: readonly RatedSeat[]): RatedSeat[][] {
  const grouped = Map.groupBy(seats, ({ team, playerId }) => team ?? playerId);
  return [...grouped.values()]
    .map((team) => team.toSorted((a, b) => compare(a.playerId, b.playerId)))
    .toSorted((a, b) => rankOf(a) - rankOf(b) || compare(a[0]?.playerId ?? "", b[0]?.playerId ?? ""));
}

function rankOf(team: readonly RatedSeat[]): number {
  return Math.min(...team.map(({ rank }) => rank));
}

/** Nothing, if there is nobody to play against. */
function rateTeams(teams: readonly RatedSeat[][]): Map<string, Strength> {
  if (teams.length < 2) return new Map();
  const before = teams.map((team) => team.map(({ mu, sigma }) => ({ mu, sigma })));
  const after = rate(before, { rank: teams.map(rankOf) });
  return new Map(
    teams.flatMap((team, t) => team.map((seat, s) => [seat.playerId, after[t]?.[s] as Strength] as const)),
  );
}

function meanWeight(
  { playerId }: RatedSeat,
  own: readonly RatedSeat[],
  teams: readonly RatedSeat[][],
  weightOf: WeightOf,
): number {
  const opponents = teams.filter((team) => team !== own).flat();
  const sum = opponents.reduce((total, opponent) => total + weightOf(playerId, opponent.playerId), 0);
  return sum / opponents.length;
}

/** The variance moves as far as µ does: a match that says little makes nobody sure. */
function moved({ mu, sigma }: Strength, to: Strength, weight: number): Strength {
  if (weight === 1) return checked(to);
  const variance = sigma * sigma + weight * (to.sigma * to.sigma - sigma * sigma);
  return checked({ mu: mu + weight * (to.mu - mu), sigma: to.sigma === sigma ? sigma : Math.sqrt(variance) });
}

function checked({ mu, sigma }: Strength): Strength {
  assert(Number.isFinite(mu) && Number.isFinite(sigma) && sigma > 0, "a rating is a number");
  return { mu, sigma };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
