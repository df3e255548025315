// Ratings and leaderboards as players read them: by the SDK, through edge-api.
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { guest } from "./players.ts";
import { rateDuels } from "./rated.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("ratings over REST", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({ nginx: false });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("shows leaderboards, ranks, ratings and histories, by pages and with names", async () => {
    const [ann, bob, cid] = await Promise.all([1, 2, 3].map(() => guest(system.url)));
    if (!ann || !bob || !cid) throw new Error("three players");
    const { ratings } = ann.client;
    await expect(ratings.rank("duel")).rejects.toMatchObject({ code: "not_on_leaderboard", status: 404 });
    expect(await ratings.of()).toEqual({ playerId: ann.player.playerId, season: 1, ratings: [] });

    const [a, b, c] = [ann, bob, cid].map(({ player }) => player.playerId) as [string, string, string];
    const matchIds = await rateDuels(system, "duel", [
      [a, b],
      [a, c],
      [b, c],
    ]);
    const first = await ratings.leaderboard("duel", { limit: 2 });
    expect(first).toMatchObject({ mode: "duel", season: 1, players: 3 });
    const second = await ratings.leaderboard("duel", { limit: 2, cursor: first.nextCursor as string });
    expect(second.nextCursor).toBeUndefined();
    const all = [...first.entries, ...second.entries];
    expect(all.map(({ rank, playerId, name }) => [rank, playerId, name])).toEqual(
      [ann, bob, cid].map(({ player }, i) => [i + 1, player.playerId, player.name]),
    );

    const around = await ratings.rank("duel", { playerId: b, eachSide: 1 });
    expect(around).toEqual({ mode: "duel", season: 1, players: 3, rank: 2, entries: all });
    expect((await cid.client.ratings.rank("duel", { season: 1 })).rank).toBe(3);
    expect(await bob.client.ratings.of({ playerId: a })).toMatchObject({
      ratings: [{ mode: "duel", rating: all[0]?.rating }],
    });
    const history = await ratings.history("duel", { limit: 1 });
    expect(history.points).toMatchObject([{ matchId: matchIds[1], rating: all[0]?.rating }]);
    const more = await ratings.history("duel", { playerId: a, cursor: history.nextCursor as string });
    expect(more).toMatchObject({ points: [{ matchId: matchIds[0], displayBefore: 1000 }] });
    expect(more.nextCursor).toBeUndefined();

    expect((await ratings.seasons()).current).toBe(1);
    expect((await ratings.leaderboard("nobody-plays")).entries).toEqual([]);
    await expect(ratings.leaderboard("duel", { season: 9 })).rejects.toMatchObject({ code: "season_not_found" });
    await expect(ratings.leaderboard("four", { cursor: first.nextCursor as string })).rejects.toMatchObject({
      code: "bad_cursor",
    });
    const nobody = "01a20ab2-2d4a-7326-a77a-000000000000";
    await expect(ratings.of({ playerId: nobody })).rejects.toMatchObject({ code: "player_not_found" });
  });

  it("refuses only ratings while rating-service is away, at once after a while, and has them again when it is back", async () => {
    const { client } = await guest(system.url);
    await client.ratings.seasons();
    const ready = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${system.env["EDGE_ADMIN_PORT"]}/readyz`)).status;
    await system.stop("rating");
    await until(async () => {
      const failure = await client.ratings.seasons().catch((err: unknown) => err);
      expect(failure).toMatchObject({ code: "unavailable", status: 503 });
      const state = await (await fetch(`http://127.0.0.1:${system.env["EDGE_ADMIN_PORT"]}/statusz`)).json();
      return (state as { missing: object }).missing && "rating" in (state as { missing: object }).missing
        ? undefined
        : "edge-api does not say so";
    });
    expect(await ready()).toBe(200);
    expect((await client.modes()).length).toBeGreaterThan(0);
    await client.me();
    await system.start("rating");
    await until(() => client.ratings.seasons().then(() => undefined, String));
  });
});
