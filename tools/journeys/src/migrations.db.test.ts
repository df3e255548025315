// What a release does with a database that another release has migrated.
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
    expect(logs.withMessage("a newer release has migrated this database; nothing to undo")).toHaveLength(1);
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
