import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { MatchState } from "@muster/contracts/match/v2";
import { afterAll, expect, it } from "vitest";
import { restServer } from "../../test/rest-server.ts";
import { LiveMatches } from "../live-matches.ts";

const [MATCH, ANN] = ["01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e", "01a20ab2-2d4a-7326-a77a-000000000001"];
const match = {
  matchId: MATCH,
  mode: "duel",
  gameId: "duel",
  buildId: "b1",
  state: MatchState.RUNNING,
  participants: [{ seat: 0, playerId: ANN, playerName: "ann", bot: "" }],
  createdAt: timestampFromDate(new Date(0)),
  endReason: 0,
  cancelReason: 0,
};
const asked: unknown[] = [];
const liveMatches = new LiveMatches<{ matches: (typeof match)[]; nextCursor: string }>({
  readWithinMs: 1000,
  now: () => 0,
  told: ({ matches, nextCursor }) => [...matches.map(({ mode }) => mode), nextCursor],
  async read(query) {
    asked.push(query);
    return { matches: [match], nextCursor: "next" };
  },
});
const server = restServer(ANN, { clients: { liveMatches } as never });
const without = restServer(ANN, { clients: { liveMatches: undefined } as never });
afterAll(() => Promise.all([server.close(), without.close()]));

it("the matches that are played now are listed for everybody, and asked for once", async () => {
  for (let i = 0; i < 3; i++) {
    const answer = await server.inject("/v1/matches/live?mode=duel&limit=5&cursor=before");
    expect(answer.json()).toEqual({
      matches: [
        {
          matchId: MATCH,
          mode: "duel",
          gameId: "duel",
          buildId: "b1",
          state: "running",
          participants: [{ seat: 0, playerId: ANN, name: "ann" }],
          createdAt: "1970-01-01T00:00:00.000Z",
        },
      ],
      nextCursor: "next",
    });
    expect(answer.headers["cache-control"]).toBe("public, max-age=1");
  }
  expect(asked).toEqual([{ mode: "duel", pageSize: 5, cursor: "before" }]);
});

it.each(["limit=51", "limit=0", "mode=Duel", "mode=", "state=ended"])("a page is bounded: %s", async (query) => {
  expect((await server.inject(`/v1/matches/live?${query}`)).statusCode).toBe(400);
});

it("nothing is listed where nothing may be watched", async () => {
  const answer = await without.inject("/v1/matches/live");
  expect([answer.statusCode, answer.json().error.code]).toEqual([403, "watching_off"]);
});
