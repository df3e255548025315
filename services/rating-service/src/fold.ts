// The fold: what a result makes of its players' states. All that a rating is follows from results in canonical order, by way of this. No I/O.
import { displayOf } from "./display.ts";
import { type Meetings, pairWeight } from "./meetings.ts";
import type { Position } from "./position.ts";
import { NEWCOMER, rateMatch, type Strength } from "./rate-match.ts";
import { type Season, seasonAt, softReset } from "./seasons.ts";

export interface Participant {
  readonly playerId: string;
  readonly team?: number;
  readonly rank: number;
  readonly unplayed?: true;
  readonly bot?: true;
}

/** What is needed of a match that has ended. */
export interface Result extends Position {
  readonly mode: string;
  /** Of the service that reported it; empty where there is only one. */
  readonly region: string;
  readonly participants: readonly Participant[];
}

/** A player in a mode, after its last result. */
export interface PlayerState extends Strength {
  readonly season: number;
  /** In the season: those that changed the rating. */
  readonly matches: number;
  /** Of the first of them; empty before that. */
  readonly region: string;
  /** When the display rating became what it is. */
  readonly reachedAtMs: number;
}

/** What one result did to one player. */
export interface Point {
  readonly playerId: string;
  /** In the result's season: after a soft reset, if it is the player's first one there. */
  readonly before: PlayerState;
  readonly after: PlayerState;
}

/** Who plays against a bot plays for nothing. */
export function isRated({ participants }: Pick<Result, "participants">): boolean {
  return participants.length > 1 && participants.every(({ bot }) => !bot);
}

/** The state at the beginning of a result's season. @param state undefined: a newcomer */
export function stateInSeason(state: PlayerState | undefined, season: number): PlayerState {
  if (!state) return { ...NEWCOMER, season, matches: 0, region: "", reachedAtMs: 0 };
  if (state.season === season) return state;
  const sigma = softReset(state.sigma, season - state.season);
  return { mu: state.mu, sigma, season, matches: 0, region: "", reachedAtMs: 0 };
}

/**
 * One point per player, by seat.
 * @param result rated
 * @param states of its players; those that are not in it are newcomers
 * @param meetings has its players' matches up to the result, which is not among them
 */
export function foldResult(
  result: Result,
  states: ReadonlyMap<string, PlayerState>,
  meetings: Meetings,
  seasons: readonly Season[],
): Point[] {
  const { season } = seasonAt(seasons, result.endedAtMs);
  const seats = result.participants.map(({ playerId, team, rank, unplayed = false }) => {
    const before = stateInSeason(states.get(playerId), season);
    return { playerId, team, rank, unplayed, mu: before.mu, sigma: before.sigma, before };
  });
  const changed = rateMatch(seats, (one, other) => pairWeight(meetings.count(one, other, result)));
  return seats.map(({ playerId, before }) => {
    const strength = changed.get(playerId);
    return { playerId, before, after: strength ? advanced(before, strength, result) : before };
  });
}

function advanced(before: PlayerState, strength: Strength, { endedAtMs, region }: Result): PlayerState {
  const first = before.matches === 0;
  const stays = !first && displayOf(strength) === displayOf(before);
  return {
    mu: strength.mu,
    sigma: strength.sigma,
    season: before.season,
    matches: before.matches + 1,
    region: first ? region : before.region,
    reachedAtMs: stays ? before.reachedAtMs : endedAtMs,
  };
}
