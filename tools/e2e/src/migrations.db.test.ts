// What a release does with a database that another release has migrated, and what it says of one that it cannot use.
import { spawnSync } from "node:child_process";
import path from "node:path";
import {
  createDatabase,
  type DbPart,
  migrate,
  type Migrations,
  missingMigrations,
  statement,
  waitForSchema,
} from "@muster/db";
import { describeWithMariadb, freshDatabases, LogLines } from "@muster/testkit";
import { service as matchService } from "@muster/match-service/testing";
import { anyDatabase } from "@muster/resilience/testing";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";

const OLD: Migrations = {
  "20260101T0000-create-things": statement(sql`create table if not exists things (id int primary key)`),
  "20260102T0000-add-kind": statement(sql`alter table things add column if not exists kind int`),
};
const NEW: Migrations = {
  ...OLD,
  "20260103T0000-add-size": statement(sql`alter table things add column if not exists size int`),
  "20260104T0000-add-weight": statement(sql`alter table things add column if not exists weight int`),
};

describeWithMariadb("a database that a newer release has migrated", () => {
  let database: DbPart<object>;
  beforeAll(async () => {
    const { "match-service": url } = await freshDatabases();
    database = createDatabase({ url, dependency: anyDatabase(2, { waitMs: 5000, statementMs: 10_000 }) });
    await migrate(database.db, NEW);
  });
  afterAll(() => database.stop());

  it("is one that the release before migrates to no change, and says so", async () => {
    const logs = new LogLines();
    await migrate(database.db, OLD, logs.logger("test"));
    expect(
      logs.withMessage("a newer release has migrated this database; its migrations are left as they are"),
    ).toHaveLength(1);
    expect(await missingMigrations(database.db, NEW)).toBeUndefined();
  });

  it("is one that a service of the release before starts on, and says so", async () => {
    const logs = new LogLines();
    await waitForSchema(database.db, OLD, { withinMs: 1000, log: logs.logger("test") });
    expect(logs.withMessage("the database was migrated by a newer release")).toHaveLength(1);
  });

  it("is migrated further by the newer one after that", async () => {
    const newest = {
      ...NEW,
      "20260105T0000-add-colour": statement(sql`alter table things add column if not exists colour int`),
    };
    await migrate(database.db, newest);
    await migrate(database.db, OLD);
    expect(await missingMigrations(database.db, newest)).toBeUndefined();
  });

  it("is refused when what is not known lies among what is: that is no newer release, but another history", async () => {
    const { "20260102T0000-add-kind": _left, ...other } = NEW;
    await expect(migrate(database.db, other)).rejects.toThrow("20260102T0000-add-kind");
  });
});

describeWithMariadb("a database that cannot be used", () => {
  let good: string;
  beforeAll(async () => {
    good = (await freshDatabases())["match-service"];
  });
  const wrong = (change: (url: URL) => void): string => {
    const url = new URL(good);
    change(url);
    return url.href;
  };

  it.each([
    ["another password", (url: URL) => void (url.password = "wrong"), /Access denied for user/],
    ["a name that is not there", (url: URL) => void (url.pathname = "/match_gone"), /Unknown database 'match_gone'/],
    ["a port where nobody listens", (url: URL) => void (url.port = "1"), /ECONNREFUSED/],
  ])(
    "is told with its reason by a start, and by readiness from the first moment on: %s",
    async (_what, change, reason) => {
      const options = { dependency: anyDatabase(2, { waitMs: 2000, statementMs: 5000 }) };
      const database = createDatabase({ url: wrong(change), ...options });
      try {
        const start = waitForSchema(database.db, OLD, { withinMs: 0, log: new LogLines().logger("test") });
        await expect(start).rejects.toThrow(reason);
        for (let i = 0; i < 3; i++) expect(await database.check()).toMatch(reason);
      } finally {
        await database.stop();
      }
    },
  );

  it("ends a migration with the reason in its log, not with a stack", () => {
    const cwd = path.resolve(import.meta.dirname, "../../../services/match-service");
    const env = { ...process.env, MATCH_DB_URL: wrong((url) => void (url.port = "1")), DB_ACQUIRE_TIMEOUT_MS: "300" };
    const run = spawnSync(process.execPath, ["src/migrate.ts"], { cwd, env, encoding: "utf8" });
    expect(run.status).toBe(1);
    expect(JSON.parse(run.stdout + run.stderr)).toMatchObject({
      level: "fatal",
      reason: expect.stringContaining("ECONNREFUSED"),
    });
  });
});

describeWithMariadb("match-service's database, migrated by this release", () => {
  it("is one on which the release before goes on, so that there is a way back: it has its ratings, and stores a result", async () => {
    const { "match-service": url } = await freshDatabases();
    const { db, stop } = createDatabase({ url, dependency: anyDatabase(1, { waitMs: 5000, statementMs: 10_000 }) });
    const [match, winner, loser] = [1, 2, 3].map((n) => `01a20ab2-2d4a-7326-a77a-00000000000${n}`);
    const before = Object.fromEntries(
      Object.entries(matchService.migrations).filter(([name]) => name < "20261127T2230"),
    ) as Migrations;
    try {
      await migrate(db, before);
      await sql`insert into ratings (player_id, mode, rating, matches) values (${winner}, 'duel', 1600, 9)`.execute(db);
      await migrate(db, matchService.migrations);
      await migrate(db, before); // as its start would
      await sql`insert into matches (id, mode, game_id, build_id, seed, epoch, shard_id, state, created_at, ticks, state_hash)
        values (${match}, 'duel', 'duel', '1', 1, 1, 's', 'running', utc_timestamp(6), 0, '')`.execute(db);
      await sql`insert into participants (match_id, seat, player_id, player_name, created_at, score, \`rank\`, bot)
        values (${match}, 0, ${winner}, 'a', utc_timestamp(6), null, null, null),
               (${match}, 1, ${loser}, 'b', utc_timestamp(6), null, null, null)`.execute(db);
      await sql`insert into ratings (player_id, mode, rating, matches) values (${winner}, 'duel', 1500, 0), (${loser}, 'duel', 1500, 0)
        on duplicate key update mode = values(mode)`.execute(db);
      await sql`update participants set score = 1, \`rank\` = 1 where match_id = ${match} and seat = 0`.execute(db);
      await sql`update ratings set rating = 1611, matches = matches + 1 where player_id = ${winner} and mode = 'duel'`.execute(
        db,
      );
      const { rows } = await sql`select rating, matches from ratings where player_id = ${winner}`.execute(db);
      expect(rows).toEqual([{ rating: 1611, matches: 10 }]);
      const seats = await sql`select seat, team, unplayed from participants where match_id = ${match}`.execute(db);
      expect(seats.rows).toEqual([0, 1].map((seat) => ({ seat, team: null, unplayed: 0 })));
    } finally {
      await stop();
    }
  });
});
