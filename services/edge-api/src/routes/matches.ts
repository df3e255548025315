import { cancelReasons, endReasons, matchStates } from "@muster/contracts/match/names";
import { type ListLiveMatchesResponse, type Match, MatchState } from "@muster/contracts/match/v2";
import { errorsOf, must } from "@muster/errors";
import { ofExisting } from "./existing-player.ts";
import type { Answer, Call, Clients, Handlers } from "./handler.ts";
import { isoTime } from "./times.ts";

type PageOperations = "listMyMatches" | "listPlayerMatches";

const fail = errorsOf({
  watching_off: { grpc: "permission_denied", retryable: false, message: "Watching matches is disabled." },
});

/** As long as edge-api keeps a page itself. */
const LIVE_CACHE_S = 1;

export const matchHandlers: Handlers<"getMatch" | "listLiveMatches" | PageOperations> = {
  async getMatch({ params }, { match }) {
    const { match: found } = await match.getMatch({ matchId: params.matchId });
    return { status: 200, body: matchJson(must(found, "match-service sends a match")) };
  },
  listLiveMatches: (call, clients) => livePage(call, clients),
  listMyMatches: ({ caller, query }, clients) => page(must(caller, "secured").playerId, query, clients),
  listPlayerMatches: ({ params, query }, clients) =>
    ofExisting(params.playerId, clients, (id) => page(id, query, clients)),
};

async function livePage(
  { query: { mode = "", limit, cursor = "" }, address }: Pick<Call<"listLiveMatches">, "query" | "address">,
  { liveMatches }: Clients,
): Promise<Answer<"listLiveMatches">> {
  if (!liveMatches) throw fail("watching_off");
  const pageSize = must(limit, "it has a default");
  return {
    status: 200,
    body: pageJson(await liveMatches.page({ mode, pageSize, cursor }, address)),
    cacheS: LIVE_CACHE_S,
  };
}

async function page(
  playerId: string,
  { limit, cursor = "" }: Call<PageOperations>["query"],
  { match }: Clients,
): Promise<Answer<PageOperations>> {
  const pageSize = must(limit, "it has a default");
  return { status: 200, body: pageJson(await match.listPlayerMatches({ playerId, pageSize, cursor })) };
}

function pageJson({
  matches,
  nextCursor,
}: Pick<ListLiveMatchesResponse, "matches" | "nextCursor">): Answer<PageOperations>["body"] {
  return { matches: matches.map(matchJson), ...(nextCursor === "" ? {} : { nextCursor }) };
}

export function matchJson(match: Match): Answer<"getMatch">["body"] {
  const {
    matchId,
    mode,
    gameId,
    buildId,
    state,
    participants,
    createdAt,
    endedAt,
    endReason,
    cancelReason,
    ticks,
    stateHash,
  } = match;
  return {
    matchId,
    mode,
    gameId,
    buildId,
    state: must(matchStates.nameOf(state), "match-service names a state"),
    participants: participants.map((p) => ({
      seat: p.seat,
      playerId: p.playerId,
      name: p.playerName,
      score: p.score,
      rank: p.rank,
      ...(p.bot === "" ? {} : { bot: p.bot }),
    })),
    createdAt: isoTime(createdAt),
    ...(endedAt ? { endedAt: isoTime(endedAt), ticks } : {}),
    endReason: endReasons.nameOf(endReason),
    cancelReason: cancelReasons.nameOf(cancelReason),
    ...(state === MatchState.ENDED ? { stateHash } : {}),
  };
}
