import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { applyInTheEnd, duel, idOf, MODE, player } from "../test/matches.ts";
import { compareWithFold } from "./recompute.ts";

const NOBODY = idOf("player", 999);
const board = { mode: MODE };

describeWithMariadb("rating-service", () => {
  let harness: Harness;
  let call: Harness["call"];
  beforeAll(async () => {
    harness = await startHarness({ now: () => new Date("2026-11-28T00:00:00Z") });
    ({ call } = harness);
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  beforeEach(async () => {
    for (const table of [
      "board_changes", // first: it waits for who is adding them to the counts
      "results",
      "exclusions",
      "rewinds",
      "heads",
      "points",
      "ratings",
      "board_counts",
      "board_equals",
    ])
      await sql`delete from ${sql.table(table)}`.execute(harness.db);
    await sql`delete from seasons where season > 1`.execute(harness.db);
  });

  const ids = (entries: readonly { readonly playerId: string }[]): number[] =>
    entries.map(({ playerId }) => Number(playerId.slice(-6)));

  describe("ratings", () => {
    it("are those of the request's order; a newcomer's for whoever has not played", async () => {
      await applyInTheEnd(harness, duel(1, 1, 2));
      const keys = [2, 999, 1].map((n) => ({ playerId: player(n), mode: MODE }));
      const { ratings } = await call.getRatings({ players: [...keys, { playerId: player(1), mode: "other" }] });
      expect(ratings.map(({ display, deviation, matches }) => [display, deviation, matches])).toEqual([
        [927, 323, 1],
        [1000, 333, 0],
        [1138, 323, 1],
        [1000, 333, 0],
      ]);
      expect(ratings[2]).toMatchObject({ mu: 27.635389493140497, sigma: 8.06590141354368 });
    });

    it("begin a season less sure, and keep those of the season before", async () => {
      for (let n = 0; n < 30; n++) await applyInTheEnd(harness, duel(n, 1, 2 + n));
      const before = (await call.getRatings({ players: [{ playerId: player(1), mode: MODE }] })).ratings[0];
      const startsAt = timestampFromDate(new Date("2026-11-27T23:00:00Z"));
      await call.startSeason({ season: 2, name: "Winter", startsAt });
      const after = (await call.getRatings({ players: [{ playerId: player(1), mode: MODE }] })).ratings[0];
      expect(after).toMatchObject({ mu: before?.mu, matches: 0 });
      expect(after?.sigma).toBeGreaterThan(before?.sigma as number);
      expect(after?.display).toBeLessThan(before?.display as number);
      expect(await call.getPlayerRatings({ playerId: player(1) })).toMatchObject({ ratings: [], season: 2 });
      const last = await call.getPlayerRatings({ playerId: player(1), season: 1 });
      expect(last.ratings).toMatchObject([{ mode: MODE, rating: { display: before?.display, matches: 30 } }]);
      await expect(call.getPlayerRatings({ playerId: player(1), season: 9 })).rejects.toMatchObject({
        code: "season_not_found",
      });
    });
  });

  describe("a leaderboard", () => {
    /** 1 beats 2 beats 3 and so on; those who have lost once only are equal, the earlier one first. */
    const play = async (): Promise<void> => {
      for (let n = 0; n < 12; n++) await applyInTheEnd(harness, duel(n, n, 20 + n, { region: n % 2 ? "eu" : "us" }));
    };

    it("is read in pages that have everybody once, in order, with their ranks", async () => {
      await play();
      const all = await call.listLeaderboard({ leaderboard: board, pageSize: 100 });
      expect(ids(all.entries)).toEqual([...Array(12).keys(), ...Array.from({ length: 12 }, (_, n) => 20 + n)]);
      expect(all.entries.map(({ rank }) => rank)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
      expect(all).toMatchObject({ season: 1, players: 24, nextCursor: "" });
      let [cursor, entries] = ["", [] as typeof all.entries];
      do {
        const page = await call.listLeaderboard({ leaderboard: board, pageSize: 5, cursor });
        [cursor, entries] = [page.nextCursor, [...entries, ...page.entries]];
      } while (cursor !== "");
      expect(entries).toEqual(all.entries);
    });

    it("of a region has its players only, with ranks of their own", async () => {
      await play();
      const eu = await call.listLeaderboard({ leaderboard: { ...board, region: "eu" }, pageSize: 100 });
      expect(ids(eu.entries)).toEqual([1, 3, 5, 7, 9, 11, 21, 23, 25, 27, 29, 31]);
      expect(eu.entries.map(({ rank }) => rank)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
      expect(eu.players).toBe(12);
      const around = { leaderboard: { ...board, region: "us" }, playerId: player(1) };
      await expect(call.getLeaderboardAround(around)).rejects.toMatchObject({ code: "not_on_leaderboard" });
    });

    it("shows a player among those around it, also at both ends", async () => {
      await play();
      const around = (n: number) => call.getLeaderboardAround({ leaderboard: board, playerId: player(n), eachSide: 2 });
      expect(await around(0)).toMatchObject({ rank: 1, players: 24 });
      expect(ids((await around(0)).entries)).toEqual([0, 1, 2]);
      const middle = await around(11);
      expect(ids(middle.entries)).toEqual([9, 10, 11, 20, 21]);
      expect(middle.entries.map(({ rank }) => rank)).toEqual([10, 11, 12, 13, 14]);
      expect(ids((await around(31)).entries)).toEqual([29, 30, 31]);
      expect((await around(31)).rank).toBe(24);
      const missing = call.getLeaderboardAround({ leaderboard: board, playerId: NOBODY });
      await expect(missing).rejects.toMatchObject({ code: "not_on_leaderboard" });
    });

    it("has the ranks that its order has, while counts are being added", async () => {
      for (let n = 0; n < 40; n++) {
        await applyInTheEnd(harness, duel(n, (n * 7) % 11, 11 + (n % 5)));
        if (n % 8 !== 0) continue;
        const { entries } = await call.listLeaderboard({ leaderboard: board, pageSize: 100 });
        for (const { playerId, rank } of entries.filter((_, i) => i % 4 === 0))
          expect((await call.getLeaderboardAround({ leaderboard: board, playerId, eachSide: 1 })).rank).toBe(rank);
      }
    });

    it("refuses cursors that are not its own", async () => {
      await play();
      const { nextCursor } = await call.listLeaderboard({ leaderboard: board, pageSize: 2 });
      const history = await call.listRatingHistory({ playerId: player(1), mode: MODE, pageSize: 1 });
      expect(history.nextCursor).toBe("");
      for (const [leaderboard, cursor] of [
        [{ mode: "other" }, nextCursor],
        [{ ...board, region: "eu" }, nextCursor],
        [board, "x"],
        [board, Buffer.from("board/duel/1//1/1/x").toString("base64url")],
      ] as const)
        await expect(call.listLeaderboard({ leaderboard, cursor })).rejects.toMatchObject({ code: "bad_cursor" });
      const other = call.listRatingHistory({ playerId: player(1), mode: MODE, cursor: nextCursor });
      await expect(other).rejects.toMatchObject({ code: "bad_cursor" });
    });
  });

  it("a history has a point per match, newest first, each beginning where the one before ended", async () => {
    for (let n = 0; n < 9; n++) await applyInTheEnd(harness, duel(n, 1, 2 + (n % 3)));
    let [cursor, points] = ["", [] as Awaited<ReturnType<typeof call.listRatingHistory>>["points"]];
    do {
      const page = await call.listRatingHistory({ playerId: player(1), mode: MODE, pageSize: 4, cursor });
      [cursor, points] = [page.nextCursor, [...points, ...page.points]];
    } while (cursor !== "");
    expect(points.map(({ matchId }) => matchId)).toEqual(Array.from({ length: 9 }, (_, i) => idOf("match", 8 - i)));
    expect(points.at(-1)?.displayBefore).toBe(1000);
    for (const [i, point] of points.slice(0, -1).entries())
      expect(point.displayBefore).toBe(points[i + 1]?.rating?.display);
  });

  describe("a season", () => {
    const start = (season: number, at: string, name = "n") =>
      call.startSeason({ season, name, startsAt: timestampFromDate(new Date(at)) });

    it("is announced once, after the last one, and not before a match that has ended", async () => {
      await applyInTheEnd(harness, duel(60, 1, 2)); // 11:00
      await expect(start(2, "2026-11-27T10:59:00Z")).rejects.toMatchObject({ code: "season_too_early" });
      await expect(start(3, "2026-12-01T00:00:00Z")).rejects.toMatchObject({ code: "season_conflict" });
      expect(await start(2, "2026-12-01T00:00:00Z")).toMatchObject({ duplicate: false });
      expect(await start(2, "2026-12-01T00:00:00Z")).toMatchObject({ duplicate: true });
      await expect(start(2, "2026-12-01T00:00:00Z", "other")).rejects.toMatchObject({ code: "season_conflict" });
      await expect(start(3, "2026-11-30T00:00:00Z")).rejects.toMatchObject({ code: "season_too_early" });
      const { seasons, current } = await call.listSeasons({});
      expect(seasons.map(({ season }) => season)).toEqual([2, 1]);
      expect(current).toBe(1);
    });
  });

  describe("a suspect match", () => {
    it("is as if it had not been, for its players and for those who met them; and may be put back", async () => {
      const display = async (): Promise<number[]> => {
        const players = [1, 2, 3, 4].map((n) => ({ playerId: player(n), mode: MODE }));
        return (await call.getRatings({ players })).ratings.map((rating) => rating.display);
      };
      await applyInTheEnd(harness, duel(2, 2, 3));
      await applyInTheEnd(harness, duel(3, 3, 4));
      const without = await display();
      await sql`delete from heads`.execute(harness.db);
      for (const table of ["board_changes", "results", "points", "ratings", "board_counts", "board_equals"])
        await sql`delete from ${sql.table(table)}`.execute(harness.db);
      for (const result of [duel(1, 1, 2), duel(2, 2, 3), duel(3, 3, 4)]) await applyInTheEnd(harness, result);
      const all = await display();
      expect(all).not.toEqual(without);

      const matchId = idOf("match", 1);
      expect(await call.excludeMatch({ matchId: matchId.toUpperCase(), reason: "replay" })).toMatchObject({
        duplicate: false,
      });
      expect(await call.excludeMatch({ matchId, reason: "replay" })).toMatchObject({ duplicate: true });
      await until(async () => (String(await display()) === String(without) ? undefined : "still counted"));
      expect((await compareWithFold(harness.db, MODE)).differences).toEqual([]);
      expect((await call.listRatingHistory({ playerId: player(1), mode: MODE })).points).toEqual([]);

      expect(await call.includeMatch({ matchId })).toMatchObject({ duplicate: false });
      expect(await call.includeMatch({ matchId })).toMatchObject({ duplicate: true });
      await until(async () => (String(await display()) === String(all) ? undefined : "not counted again"));
    });
  });

  it("requests that break the contract's rules are refused", async () => {
    for (const request of [
      call.getRatings({ players: [] }),
      call.listLeaderboard({}),
      call.listLeaderboard({ leaderboard: { mode: "no mode" } }),
      call.getLeaderboardAround({ leaderboard: board, playerId: "x" }),
      call.excludeMatch({ matchId: idOf("match", 1) }),
      call.startSeason({ season: 1, name: "n" }),
    ])
      await expect(request).rejects.toMatchObject({ code: "invalid_request" });
  });
});
