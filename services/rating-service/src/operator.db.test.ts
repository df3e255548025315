import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { openTestDatabase, type TestDatabase } from "../test/database.ts";
import { applyInTheEnd, duel, player } from "../test/matches.ts";
import { runOperator } from "./operator-commands.ts";

describeWithMariadb("recompute", () => {
  let database: TestDatabase;
  const run = async (...args: string[]): Promise<{ code: number; lines: string[] }> => {
    const lines: string[] = [];
    const out = { log: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };
    return { code: await runOperator(args, { RATING_DB_URL: database.url }, out), lines };
  };
  beforeAll(async () => {
    database = await openTestDatabase();
    for (let n = 0; n < 20; n++) await applyInTheEnd(database, duel(n, n % 4, 4 + (n % 3)));
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it("says that what is stored is what the results make of it", async () => {
    expect(await run("recompute")).toEqual({ code: 0, lines: ["duel  20 results  7 players  as stored"] });
    expect(await run("recompute", "chess")).toEqual({ code: 1, lines: ["there is no mode chess"] });
    expect((await run("recompute", "a", "b")).code).toBe(2);
  });

  it.each([
    [
      "one bit of a rating",
      sql`update ratings set mu = mu * (1 + 2.3e-16) where player_id = ${player(1)}`,
      "another rating",
    ],
    ["a head", sql`update heads set sigma = sigma * (1 + 2.3e-16) where player_id = ${player(1)}`, "another head"],
    ["a point", sql`delete from points where player_id = ${player(2)} limit 1`, "1 points, not 2"],
    ["a count", sql`insert into board_counts values ('duel', 1, '*', 4000, 1)`, "board_counts: 1 at 1 * 4000"],
    ["another algorithm", sql`update points set algorithm = 'elo' limit 1`, "another point"],
  ])("finds %s that is not, and mends it with --write", async (_, damage, message) => {
    await damage.execute(database.db);
    const { code, lines } = await run("recompute");
    expect(code).toBe(1);
    expect(lines.join("\n")).toContain(message);
    expect((await run("recompute", "--write")).code).toBe(0);
    expect((await run("recompute")).lines).toEqual(["duel  20 results  7 players  as stored"]);
  });
});
