import { describeWithMariadb } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../../test/database.ts";
import { applyInTheEnd, duel, MODE } from "../../test/matches.ts";
import { type Board, type BoardRow, countChanges, listAbove, listBelow, rankOf, sizeOf } from "./boards.ts";

const DUELS = 60;

describeWithMariadb("a leaderboard on which most are equal", () => {
  let database: TestDatabase;
  const positionOf = ({ display, reached_at, player_id }: BoardRow) => ({
    display,
    reachedAtMs: reached_at.getTime(),
    playerId: player_id,
  });
  const board = (region: string): Board => ({ mode: MODE, season: 1, region });
  beforeAll(async () => {
    database = await openTestDatabase();
    // Newcomers all: winners are equal, and losers. Four at a time end at the same moment, and six hours are many buckets.
    for (let n = 0; n < DUELS; n++) {
      const endedAtMs = Date.parse("2026-11-27T10:00:00Z") + Math.floor(n / 4) * 7 * 60_000;
      await applyInTheEnd(database, duel(n, n, 500 - n, { endedAtMs, region: n % 3 ? "eu" : "" }));
    }
    for (const n of [3, 30]) await applyInTheEnd(database, duel(100 + n, n, n + 1));
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it.each([
    [0, ""],
    [0, "eu"],
    [37, ""],
    [37, "eu"],
    [1000, ""],
    [1000, "eu"],
  ])(
    "has the ranks of its order, whoever is equal, with %i changes added to the counts: region %j",
    async (added, region) => {
      const { db } = database;
      await countChanges(db, Math.max(1, added));
      const all = await listBelow(db, board(region), undefined, 1000);
      expect(all).toHaveLength(region === "" ? 2 * DUELS : 80);
      expect(await sizeOf(db, board(region))).toBe(all.length);
      for (const [i, row] of all.entries()) {
        expect(await rankOf(db, board(region), positionOf(row))).toBe(i + 1);
        if (i % 7 !== 0) continue;
        expect(await listAbove(db, board(region), positionOf(row), 5)).toEqual(all.slice(Math.max(0, i - 5), i));
        expect(await listBelow(db, board(region), positionOf(row), 5)).toEqual(all.slice(i + 1, i + 6));
      }
    },
  );
});
