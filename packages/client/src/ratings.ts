// Ratings, seasons and leaderboards over REST.
import type { components } from "@muster/contracts/openapi/edge/v1";
import type { Method } from "./rest.ts";
import { count, list, maybe, record, type Shape, text, time } from "./shapes.ts";

type Schemas = components["schemas"];

/** `display` is what players see; `deviation` is how uncertain it is. */
export type Rating = Schemas["Rating"];

/** Newest first; `current` is the number of the one that is going on. */
export type SeasonList = Schemas["SeasonList"];

export type LeaderboardEntry = Schemas["LeaderboardEntry"];

/** Best first. */
export type LeaderboardPage = Schemas["LeaderboardPage"];

/** A player's rank, and those around it. */
export type LeaderboardRank = Schemas["LeaderboardRank"];

/** By mode: only those in which the player has a match of the season. */
export type PlayerRatings = Schemas["PlayerRatings"];

/** Newest first: what each match did to a rating. */
export type RatingHistoryPage = Schemas["RatingHistoryPage"];

export interface LeaderboardOptions {
  /** Default: the current season. */
  readonly season?: number;
  /** Default: all regions. */
  readonly region?: string;
}

interface PageOptions {
  /** Entries per page, at most 100. */
  readonly limit?: number;
  /** `nextCursor` of the previous page. */
  readonly cursor?: string;
}

interface PlayerOptions {
  /** Default: this client's own player. */
  readonly playerId?: string;
}

const RATING: Shape<Rating> = record<Rating>({ display: count, deviation: count, matches: count });

const SEASONS: Shape<SeasonList> = record<SeasonList>({
  seasons: list(record<SeasonList["seasons"][number]>({ season: count, name: text, startsAt: time })),
  current: count,
});

const ENTRIES: Shape<LeaderboardEntry[]> = list(
  record<LeaderboardEntry>({ rank: count, playerId: text, name: maybe(text), rating: RATING, region: maybe(text) }),
);

const BOARD = { mode: text, season: count, players: count, entries: ENTRIES };
const PAGE: Shape<LeaderboardPage> = record<LeaderboardPage>({ ...BOARD, nextCursor: maybe(text) });
const RANK: Shape<LeaderboardRank> = record<LeaderboardRank>({ ...BOARD, rank: count });

const RATINGS: Shape<PlayerRatings> = record<PlayerRatings>({
  playerId: text,
  season: count,
  ratings: list(record<PlayerRatings["ratings"][number]>({ mode: text, rating: RATING, region: maybe(text) })),
});

const HISTORY: Shape<RatingHistoryPage> = record<RatingHistoryPage>({
  points: list(
    record<RatingHistoryPage["points"][number]>({
      matchId: text,
      endedAt: time,
      season: count,
      displayBefore: count,
      rating: RATING,
    }),
  ),
  nextCursor: maybe(text),
});

type Call = <T>(method: Method, path: string, expected: Shape<T>) => Promise<T>;

/**
 * Ratings and leaderboards: `client.ratings`. A match shows in them some moments after it has ended. Every method throws MusterError with the
 * contract's code; `unavailable` while only ratings are away: everything else works then.
 */
export class RatingsApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** All seasons, also those that have not begun yet. */
  seasons(): Promise<SeasonList> {
    return this.#call("GET", "/v1/seasons", SEASONS);
  }

  /** A page of a leaderboard, from the top. @throws MusterError season_not_found, bad_cursor */
  leaderboard(mode: string, options: LeaderboardOptions & PageOptions = {}): Promise<LeaderboardPage> {
    return this.#call("GET", `/v1/leaderboards/${encodeURIComponent(mode)}${queryOf(options)}`, PAGE);
  }

  /**
   * A player's rank and those around it: at most `eachSide` above and below.
   * @throws MusterError not_on_leaderboard for who has no rated match in the season, season_not_found, player_not_found
   */
  rank(
    mode: string,
    { playerId, ...options }: LeaderboardOptions & PlayerOptions & { readonly eachSide?: number } = {},
  ): Promise<LeaderboardRank> {
    const whose = playerId === undefined ? "me" : `players/${encodeURIComponent(playerId)}`;
    return this.#call("GET", `/v1/leaderboards/${encodeURIComponent(mode)}/${whose}${queryOf(options)}`, RANK);
  }

  /** A player's ratings in a season, by mode. @throws MusterError season_not_found, player_not_found */
  of({ playerId, ...options }: PlayerOptions & { readonly season?: number } = {}): Promise<PlayerRatings> {
    return this.#call("GET", `${pathOf(playerId)}${queryOf(options)}`, RATINGS);
  }

  /** What each match did to a player's rating in a mode, newest first. @throws MusterError bad_cursor, player_not_found */
  history(mode: string, { playerId, ...options }: PlayerOptions & PageOptions = {}): Promise<RatingHistoryPage> {
    return this.#call("GET", `${pathOf(playerId)}/${encodeURIComponent(mode)}/history${queryOf(options)}`, HISTORY);
  }
}

function pathOf(playerId: string | undefined): string {
  return playerId === undefined ? "/v1/me/ratings" : `/v1/players/${encodeURIComponent(playerId)}/ratings`;
}

function queryOf(options: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(options)) if (value !== undefined) query.set(name, String(value));
  return query.size === 0 ? "" : `?${query}`;
}
