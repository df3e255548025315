import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { commonError, errorsOf } from "@muster/errors";
import { afterAll, beforeEach, expect, it } from "vitest";
import { Downloads } from "../downloads.ts";
import { PlayerNames } from "../player-names.ts";
import { restServer } from "../../test/rest-server.ts";

const [ANN, BOB, NOBODY] = [1, 2, 3].map((n) => `01a20ab2-2d4a-7326-a77a-00000000000${n}`) as [string, string, string];
const MATCH = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";
const PLAYERS: Readonly<Record<string, string>> = { [ANN]: "ann", [BOB]: "bob" };
const rating = { display: 1200, deviation: 200, mu: 27.5, sigma: 5, matches: 3 };

const asked: { name: string; request: unknown }[] = [];
let identityIsAway = false;
let fault: Error | undefined;

function answering<T>(name: string, answer: T): (request: unknown) => Promise<T> {
  return async (request) => {
    asked.push({ name, request });
    if (fault) throw fault;
    return answer;
  };
}

const entries = [
  { rank: 1, playerId: ANN, rating, region: "eu" },
  { rank: 2, playerId: NOBODY, rating, region: "" },
];
const identity = {
  async getProfile({ playerId }: { playerId: string }) {
    if (identityIsAway) throw commonError("unavailable");
    const name = PLAYERS[playerId];
    const row = { grpc: "not_found", retryable: false, message: "no" } as const;
    if (name === undefined) throw errorsOf({ player_not_found: row })("player_not_found");
    return { profile: { name } };
  },
};
const readProfile = (playerId: string) => identity.getProfile({ playerId }) as never;
const clients = {
  identity,
  names: new PlayerNames(readProfile),
  downloads: new Downloads(),
  rating: {
    listSeasons: answering("listSeasons", {
      seasons: [{ season: 1, name: "first", startsAt: timestampFromDate(new Date(0)) }],
      current: 1,
    }),
    listLeaderboard: answering("listLeaderboard", { entries, nextCursor: "next", season: 2, players: 9 }),
    getLeaderboardAround: answering("getLeaderboardAround", { entries, rank: 1, season: 2, players: 9 }),
    getPlayerRatings: answering("getPlayerRatings", { season: 2, ratings: [{ mode: "duel", rating, region: "eu" }] }),
    listRatingHistory: answering("listRatingHistory", {
      points: [{ matchId: MATCH, endedAt: timestampFromDate(new Date(0)), season: 2, displayBefore: 1100, rating }],
      nextCursor: "",
    }),
  },
};
const server = restServer(ANN, { clients: clients as never });
afterAll(() => server.close());
beforeEach(() => {
  asked.length = 0;
  identityIsAway = false;
  fault = undefined;
});

async function get(url: string, headers: Record<string, string> = { authorization: "Bearer aaaa" }) {
  return server.inject({ method: "GET", url, headers });
}

const shown = { display: 1200, deviation: 200, matches: 3 };

it("gives seasons to everybody, for a minute", async () => {
  const answer = await get("/v1/seasons", {});
  expect(answer.json()).toEqual({
    seasons: [{ season: 1, name: "first", startsAt: "1970-01-01T00:00:00.000Z" }],
    current: 1,
  });
  expect(answer.headers["cache-control"]).toBe("public, max-age=60");
});

it("gives a page of a leaderboard with names, and without the one of a player who is no more", async () => {
  const answer = await get("/v1/leaderboards/duel?season=2&region=eu&limit=2&cursor=before");
  expect(answer.json()).toEqual({
    mode: "duel",
    season: 2,
    players: 9,
    entries: [
      { rank: 1, playerId: ANN, name: "ann", rating: shown, region: "eu" },
      { rank: 2, playerId: NOBODY, rating: shown },
    ],
    nextCursor: "next",
  });
  expect(answer.headers["cache-control"]).toBe("no-store");
  const leaderboard = { mode: "duel", season: 2, region: "eu" };
  expect(asked).toEqual([{ name: "listLeaderboard", request: { leaderboard, pageSize: 2, cursor: "before" } }]);
});

it("gives a leaderboard without names while identity-service is away, but for those that it knows", async () => {
  identityIsAway = true;
  const unknown = new PlayerNames(readProfile);
  expect(await unknown.of([ANN])).toEqual(new Map());
  identityIsAway = false;
  expect(await unknown.of([ANN, NOBODY])).toEqual(new Map([[ANN, "ann"]]));
  identityIsAway = true;
  expect(await unknown.of([ANN, NOBODY, BOB])).toEqual(new Map([[ANN, "ann"]]));
});

it.each([
  ["the caller's rank", "/v1/leaderboards/duel/me?eachSide=3", ANN],
  ["another player's rank", `/v1/leaderboards/duel/players/${BOB.toUpperCase()}?eachSide=3`, BOB],
])("gives %s", async (_what, url, playerId) => {
  expect((await get(url)).json()).toMatchObject({ mode: "duel", season: 2, players: 9, rank: 1 });
  const leaderboard = { mode: "duel", season: 0, region: "" };
  expect(asked).toEqual([{ name: "getLeaderboardAround", request: { leaderboard, playerId, eachSide: 3 } }]);
});

it.each([
  ["the caller's ratings", "/v1/me/ratings", ANN, 0],
  ["another player's ratings in a season", `/v1/players/${BOB}/ratings?season=2`, BOB, 2],
])("gives %s", async (_what, url, playerId, season) => {
  const ratings = [{ mode: "duel", rating: shown, region: "eu" }];
  expect((await get(url)).json()).toEqual({ playerId, season: 2, ratings });
  expect(asked).toEqual([{ name: "getPlayerRatings", request: { playerId, season } }]);
});

it.each([
  ["the caller's history", "/v1/me/ratings/duel/history", ANN],
  ["another player's history", `/v1/players/${BOB}/ratings/duel/history`, BOB],
])("gives %s", async (_what, url, playerId) => {
  const point = {
    matchId: MATCH,
    endedAt: "1970-01-01T00:00:00.000Z",
    season: 2,
    displayBefore: 1100,
    rating: shown,
  };
  expect((await get(url)).json()).toEqual({ points: [point] });
  expect(asked[0]?.request).toEqual({ playerId, mode: "duel", pageSize: 20, cursor: "" });
});

it.each([`/v1/leaderboards/duel/players/${NOBODY}`, `/v1/players/${NOBODY}/ratings`])(
  "%s: there is no such player, whatever rating-service has of it",
  async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.json().error.code]).toEqual([404, "player_not_found"]);
  },
);

it("answers 503 with a time to come back when rating-service is away", async () => {
  fault = commonError("unavailable", { details: { retryAfterS: 1 } });
  for (const url of ["/v1/seasons", "/v1/leaderboards/duel", "/v1/leaderboards/duel/me", "/v1/me/ratings"]) {
    const answer = await get(url);
    expect([answer.statusCode, answer.json().error.code]).toEqual([503, "unavailable"]);
    expect(answer.headers["retry-after"]).toBe("1");
  }
});

it("demands a token for everything but seasons, and refuses what the contract does not allow", async () => {
  for (const url of ["/v1/leaderboards/duel", "/v1/leaderboards/duel/me", "/v1/me/ratings"])
    expect((await get(url, {})).statusCode).toBe(401);
  for (const url of [
    "/v1/leaderboards/Duel",
    "/v1/leaderboards/duel?limit=101",
    "/v1/leaderboards/duel?season=0",
    "/v1/leaderboards/duel?region=EU",
    "/v1/leaderboards/duel/me?eachSide=51",
    `/v1/leaderboards/duel?cursor=${"a".repeat(193)}`,
    "/v1/players/ann/ratings",
  ])
    expect((await get(url)).statusCode, url).toBe(400);
  expect(asked).toEqual([]);
});
