import { anyDatabase } from "@muster/resilience/testing";
import { randomBytes } from "node:crypto";
import { type Kysely, sql, type Transaction } from "kysely";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createDatabase, type DbPart, parseDbUrl } from "./database.ts";
import { withBudget } from "@muster/runtime";
import { inTransaction } from "./transaction.ts";

const REPEATABLE = { repeatable: "a test" };

interface Tables {
  counters: { name: string; value: number };
}

/** The test kit's MariaDB. Not by way of the test kit: that is made of this package. */
const ADMIN_URL = inject("mariadbAdminUrl" as never) as string;
const NAME = `test_${randomBytes(6).toString("hex")}`;

async function asAdmin(statement: string): Promise<void> {
  const { host, port, user, password } = parseDbUrl(ADMIN_URL);
  const admin = await createConnection({ host, port, user, password });
  await admin.query(statement);
  await admin.end();
}

describe.skipIf(ADMIN_URL === "")("a transaction", () => {
  let part: DbPart<Tables>;
  let db: Kysely<Tables>;
  beforeAll(async () => {
    await asAdmin(`create database ${NAME}`);
    const url = Object.assign(new URL(ADMIN_URL), { pathname: NAME }).href;
    part = createDatabase({ url, dependency: anyDatabase(4, { waitMs: 5000, statementMs: 5000 }) });
    ({ db } = part);
    await sql`create table counters (name varchar(8) primary key, value int not null)`.execute(db);
  });
  afterAll(async () => {
    await part.stop();
    await asAdmin(`drop database ${NAME}`);
  });
  beforeEach(async () => {
    await db.deleteFrom("counters").execute();
    await db
      .insertInto("counters")
      .values([
        { name: "a", value: 0 },
        { name: "b", value: 0 },
      ])
      .execute();
  });

  const add = async (on: Kysely<Tables>, name: string, more: number): Promise<void> => {
    await on
      .updateTable("counters")
      .set({ value: sql`value + ${more}` })
      .where("name", "=", name)
      .execute();
  };
  const values = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await db.selectFrom("counters").selectAll().execute()).map((row) => [row.name, row.value]));
  const killConnectionOf = async (tx: Transaction<Tables>): Promise<void> => {
    const { rows } = await sql<{ id: bigint }>`select connection_id() as id`.execute(tx);
    await sql`kill connection ${sql.lit(Number(rows[0]?.id))}`.execute(db);
  };

  it.each(["repeatable read", "read committed"] as const)(
    "that loses a deadlock is done again (%s): of two that lock the same rows crosswise both are kept, each once",
    async (isolation) => {
      let attempts = 0;
      let holding = 0;
      const bothHoldOne = Promise.withResolvers<void>();
      const crossing = (first: string, second: string, more: number): Promise<void> =>
        inTransaction(
          db,
          async (tx) => {
            attempts++;
            await add(tx, first, more);
            if (++holding === 2) bothHoldOne.resolve();
            await bothHoldOne.promise;
            await add(tx, second, more);
          },
          { isolation, repeatable: "crossing" },
        );
      await Promise.all([crossing("a", "b", 1), crossing("b", "a", 10)]);
      expect(await values()).toEqual({ a: 11, b: 11 });
      expect(attempts).toBe(3);
    },
  );

  it("that loses every time is given up after four, with the reason, and nothing of it is kept", async () => {
    let attempts = 0;
    const losing = inTransaction(
      db,
      async (tx) => {
        attempts++;
        await add(tx, "a", 1);
        await sql`signal sqlstate '40001' set mysql_errno = 1213`.execute(tx);
      },
      REPEATABLE,
    );
    await expect(losing).rejects.toMatchObject({ code: "unavailable", errno: 1213, stage: "undone" });
    expect(attempts).toBe(4);
    expect(await values()).toEqual({ a: 0, b: 0 });
  });

  it("that is not marked runs once, also when it loses a deadlock, a lock or its connection: all of it is undone", async () => {
    for (const lose of [
      (tx: Transaction<Tables>) => sql`signal sqlstate '40001' set mysql_errno = 1213`.execute(tx),
      (tx: Transaction<Tables>) => sql`signal sqlstate 'HY000' set mysql_errno = 1205`.execute(tx),
      killConnectionOf,
    ]) {
      let attempts = 0;
      const losing = inTransaction(db, async (tx) => {
        attempts++;
        await add(tx, "a", 1);
        await lose(tx);
        await add(tx, "b", 1);
      });
      await expect(losing).rejects.toMatchObject({ code: "unavailable", stage: "undone" });
      expect([attempts, await values()]).toEqual([1, { a: 0, b: 0 }]);
    }
  });

  it("that waited too long for a lock is done again", async () => {
    let attempts = 0;
    const holder = await db.startTransaction().execute();
    await add(holder, "a", 10);
    await inTransaction(
      db,
      async (tx) => {
        await sql`set session innodb_lock_wait_timeout = 1`.execute(tx);
        if (++attempts === 2) await holder.commit().execute();
        await add(tx, "a", 1);
        await sql`set session innodb_lock_wait_timeout = default`.execute(tx);
      },
      REPEATABLE,
    );
    expect([attempts, await values()]).toEqual([2, { a: 11, b: 0 }]);
  });

  it("is not done again when its caller has gone, or has no time left for another attempt; nor when a statement took too long", async () => {
    const losing = async (errno: number): Promise<number> => {
      let attempts = 0;
      const lost = inTransaction(
        db,
        async (tx) => {
          attempts++;
          await sql`signal sqlstate '40001' set mysql_errno = ${sql.lit(errno)}`.execute(tx);
        },
        REPEATABLE,
      );
      await expect(lost).rejects.toMatchObject({ code: "unavailable" });
      return attempts;
    };
    const caller = new AbortController();
    const withMs = (ms: number): Promise<number> =>
      withBudget({ deadlineAt: performance.now() + ms, signal: caller.signal }, () => losing(1213));
    expect(await withMs(5000)).toBe(4);
    expect(await withMs(15)).toBeLessThanOrEqual(1); // less than an attempt after any wait needs
    expect(await losing(1969)).toBe(1);
    const gone = withBudget({ deadlineAt: performance.now() + 5000, signal: caller.signal }, () => {
      let attempts = 0;
      return inTransaction(
        db,
        async (tx) => {
          attempts++;
          await add(tx, "a", 1);
          caller.abort();
          throw Object.assign(new Error("deadlock"), { errno: 1213 });
        },
        REPEATABLE,
      ).catch(() => attempts);
    });
    expect(await gone).toBe(1);
  });

  it("whose connection is lost on the way is done again, on another one", async () => {
    let attempts = 0;
    await inTransaction(
      db,
      async (tx) => {
        await add(tx, "a", 1);
        if (++attempts === 1) await killConnectionOf(tx);
        await add(tx, "b", 1);
      },
      REPEATABLE,
    );
    expect(attempts).toBe(2);
    expect(await values()).toEqual({ a: 1, b: 1 });
  });

  it("whose connection is lost at the commit is not done again: it may have been done, and the error says so", async () => {
    let attempts = 0;
    const lost = inTransaction(
      db,
      async (tx) => {
        attempts++;
        await add(tx, "a", 1);
        await killConnectionOf(tx);
      },
      REPEATABLE,
    );
    await expect(lost).rejects.toMatchObject({ stage: "unknown", details: { outcome: "unknown" } });
    expect(attempts).toBe(1);
  });

  it("that does nothing for twice as long as a statement may take is ended by the server: its locks are free", async () => {
    const quick = createDatabase<Tables>({
      url: Object.assign(new URL(ADMIN_URL), { pathname: NAME }).href,
      dependency: anyDatabase(1, { waitMs: 5000, statementMs: 500 }),
    });
    const frozen = await quick.db.startTransaction().execute();
    await add(frozen, "a", 100);
    await add(db, "a", 1); // waits for the lock
    expect(await values()).toEqual({ a: 1, b: 0 });
    await frozen
      .rollback()
      .execute()
      .catch(() => undefined); // its connection has gone
    await quick.stop();
  });

  it("that refuses is not done again, and nothing of it is kept", async () => {
    let attempts = 0;
    const refusing = inTransaction(db, async (tx) => {
      attempts++;
      await add(tx, "a", 1);
      throw new Error("no");
    });
    await expect(refusing).rejects.toThrow("no");
    expect(attempts).toBe(1);
    expect(await values()).toEqual({ a: 0, b: 0 });
  });
});
