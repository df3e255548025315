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
    database = createDatabase({ url, poolMax: 2, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000 });
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
      const options = { poolMax: 2, acquireTimeoutMs: 2000, statementTimeoutMs: 5000 };
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
