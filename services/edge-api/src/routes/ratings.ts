import type { LeaderboardEntry, Rating } from "@muster/contracts/rating/v2";
import { must } from "@muster/errors";
import { ofExisting } from "./existing-player.ts";
import type { Answer, Call, Clients, Handlers, Schemas } from "./handler.ts";
import { isoTime } from "./times.ts";

/** Seasons are announced before they begin. */
const SEASONS_CACHE_S = 60;

type RankOperations = "getMyRank" | "getPlayerRank";
type RatingsOperations = "listMyRatings" | "listPlayerRatings";
type HistoryOperations = "listMyRatingHistory" | "listPlayerRatingHistory";

export const ratingHandlers: Handlers<
  "listSeasons" | "listLeaderboard" | RankOperations | RatingsOperations | HistoryOperations
> = {
  async listSeasons(_call, { rating }) {
    const { seasons, current } = await rating.listSeasons({});
    const body = {
      seasons: seasons.map(({ season, name, startsAt }) => ({ season, name, startsAt: isoTime(startsAt) })),
      current,
    };
    return { status: 200, body, cacheS: SEASONS_CACHE_S };
  },

  async listLeaderboard({ params: { mode }, query: { season = 0, region = "", limit, cursor = "" } }, clients) {
    const page = await clients.rating.listLeaderboard({
      leaderboard: { mode, season, region },
      pageSize: must(limit, "it has a default"),
      cursor,
    });
    const body = {
      mode,
      season: page.season,
      players: page.players,
      entries: await entriesJson(page.entries, clients),
      ...(page.nextCursor === "" ? {} : { nextCursor: page.nextCursor }),
    };
    return { status: 200, body };
  },

  getMyRank: (call, clients) => rank(must(call.caller, "secured").playerId, call, clients),
  getPlayerRank: (call, clients) => ofExisting(call.params.playerId, clients, (id) => rank(id, call, clients)),

  listMyRatings: ({ caller, query }, clients) => ratings(must(caller, "secured").playerId, query, clients),
  listPlayerRatings: ({ params, query }, clients) =>
    ofExisting(params.playerId, clients, (id) => ratings(id, query, clients)),

  listMyRatingHistory: (call, clients) => history(must(call.caller, "secured").playerId, call, clients),
  listPlayerRatingHistory: (call, clients) =>
    ofExisting(call.params.playerId, clients, (id) => history(id, call, clients)),
};

async function rank(
  playerId: string,
  { params: { mode }, query: { season = 0, region = "", eachSide } }: Pick<Call<RankOperations>, "params" | "query">,
  clients: Clients,
): Promise<Answer<RankOperations>> {
  const around = await clients.rating.getLeaderboardAround({
    leaderboard: { mode, season, region },
    playerId,
    eachSide: must(eachSide, "it has a default"),
  });
  const body = {
    mode,
    season: around.season,
    players: around.players,
    rank: around.rank,
    entries: await entriesJson(around.entries, clients),
  };
  return { status: 200, body };
}

async function ratings(
  playerId: string,
  { season: wanted = 0 }: Call<RatingsOperations>["query"],
  { rating }: Clients,
): Promise<Answer<RatingsOperations>> {
  const { ratings: found, season } = await rating.getPlayerRatings({ playerId, season: wanted });
  const body = {
    playerId,
    season,
    ratings: found.map((one) => ({
      mode: one.mode,
      rating: ratingJson(one.rating),
      ...(one.region === "" ? {} : { region: one.region }),
    })),
  };
  return { status: 200, body };
}

async function history(
  playerId: string,
  { params: { mode }, query: { limit, cursor = "" } }: Pick<Call<HistoryOperations>, "params" | "query">,
  { rating }: Clients,
): Promise<Answer<HistoryOperations>> {
  const pageSize = must(limit, "it has a default");
  const { points, nextCursor } = await rating.listRatingHistory({ playerId, mode, pageSize, cursor });
  const body = {
    points: points.map((point) => ({
      matchId: point.matchId,
      endedAt: isoTime(point.endedAt),
      season: point.season,
      displayBefore: point.displayBefore,
      rating: ratingJson(point.rating),
    })),
    ...(nextCursor === "" ? {} : { nextCursor }),
  };
  return { status: 200, body };
}

async function entriesJson(
  entries: readonly LeaderboardEntry[],
  { names }: Clients,
): Promise<Schemas["LeaderboardEntry"][]> {
  const nameOf = await names.of(entries.map(({ playerId }) => playerId));
  return entries.map((entry) => {
    const name = nameOf.get(entry.playerId);
    return {
      rank: entry.rank,
      playerId: entry.playerId,
      ...(name === undefined ? {} : { name }),
      rating: ratingJson(entry.rating),
      ...(entry.region === "" ? {} : { region: entry.region }),
    };
  });
}

/** µ and σ stay inside: players are shown what they are certainly worth. */
function ratingJson(rating: Rating | undefined): Schemas["Rating"] {
  const { display, deviation, matches } = must(rating, "rating-service sends ratings");
  return { display, deviation, matches };
}
