// What becomes of a statement whose caller has no time left, or has gone: it ends on the server, whichever pool it came from.
import { randomBytes } from "node:crypto";
import { type Dependency, dependencyRows, nameOf } from "@muster/resilience";
import { until, withBudget } from "@muster/runtime";
import { type Kysely, sql } from "kysely";
import { type Connection, createConnection } from "mariadb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { createDatabase, type DbPart, parseDbUrl } from "./database.ts";
import { DatabaseUnavailableError } from "./errors.ts";
import { inTransaction } from "./transaction.ts";

const ADMIN_URL = inject("mariadbAdminUrl" as never) as string;
const NAME = `test_${randomBytes(6).toString("hex")}`;
/** Of the server, for a statement that took longer than it may. */
const STATEMENT_TIMEOUT = 1969;
const LONG_S = 30;
const GONE_WITHIN_MS = 1500;

interface Tables {
  rows: { id: number; value: number };
}

const pools: readonly Dependency[] = dependencyRows().filter(({ kind }) => kind === "mariadb");

describe.skipIf(ADMIN_URL === "")("a statement", () => {
  let admin: Connection;
  const parts: DbPart<Tables>[] = [];
  beforeAll(async () => {
    const { host, port, user, password } = parseDbUrl(ADMIN_URL);
    admin = await createConnection({ host, port, user, password });
    await admin.query(`create database ${NAME}`);
    await admin.query(`create table ${NAME}.\`rows\` (id int primary key, value int not null)`);
    await admin.query(`insert into ${NAME}.\`rows\` values (1, 0), (2, 0)`);
  });
  afterAll(async () => {
    for (const part of parts) await part.stop();
    await admin.query(`drop database ${NAME}`);
    await admin.end();
  });

  const poolOf = (dependency: Dependency): Kysely<Tables> => {
    const part = createDatabase<Tables>({
      url: Object.assign(new URL(ADMIN_URL), { pathname: NAME }).href,
      dependency,
    });
    parts.push(part);
    return part.db;
  };
  const runningWith = async (mark: string): Promise<number> => {
    const [row] = (await admin.query(
      "select count(*) as n from information_schema.processlist where info like ? and id <> connection_id()",
      [`%${mark}%`],
    )) as { n: bigint }[];
    return Number(row?.n);
  };
  const untilRunning = (mark: string): Promise<void> =>
    until(async () => ((await runningWith(mark)) === 1 ? undefined : "it does not run"));
  const untilGone = (mark: string): Promise<void> =>
    until(async () => ((await runningWith(mark)) === 0 ? undefined : "it still runs"), GONE_WITHIN_MS);
  const sleeping = (db: Kysely<Tables>, mark: string): Promise<unknown> =>
    sql`select sleep(${sql.lit(LONG_S)}), ${sql.lit(mark)}`.execute(db);

  it.each(pools.map((row) => [nameOf(row), row] as const))(
    "ends on the server at its caller's deadline, and its connection is used again: %s",
    async (_name, row) => {
      const db = poolOf({ ...row, bulkhead: 1 });
      const connection = async (): Promise<unknown> =>
        (await sql<{ id: bigint }>`select connection_id() as id`.execute(db)).rows[0]?.id;
      const before = await connection();
      const mark = randomBytes(6).toString("hex");
      const call = { deadlineAt: performance.now() + 900, signal: new AbortController().signal };
      const outcome = withBudget(call, () => sleeping(db, mark)).catch((err: unknown) => err);
      await untilRunning(mark);
      const err = await outcome;
      expect(performance.now()).toBeLessThan(call.deadlineAt);
      expect(err).toBeInstanceOf(DatabaseUnavailableError);
      expect((err as DatabaseUnavailableError).errno).toBe(STATEMENT_TIMEOUT);
      await untilGone(mark);
      expect(await connection()).toBe(before);
    },
  );

  it.each(pools.map((row) => [nameOf(row), row] as const))(
    "ends on the server when its caller has gone: %s",
    async (_name, row) => {
      const db = poolOf({ ...row, bulkhead: 1 });
      const mark = randomBytes(6).toString("hex");
      const caller = new AbortController();
      const call = { deadlineAt: performance.now() + 60_000, signal: caller.signal };
      const outcome = withBudget(call, () => sleeping(db, mark)).catch((err: unknown) => err);
      await untilRunning(mark);
      const goneAt = performance.now();
      caller.abort();
      expect(await outcome).toBeInstanceOf(DatabaseUnavailableError);
      await untilGone(mark);
      expect(performance.now() - goneAt).toBeLessThan(GONE_WITHIN_MS);
      await sql`select 1`.execute(db);
    },
  );

  it("that waits for a lock ends too, and its transaction lets go of what it had locked", async () => {
    const db = poolOf(pools[0] as Dependency);
    const mark = randomBytes(6).toString("hex");
    const caller = new AbortController();
    const call = { deadlineAt: performance.now() + 60_000, signal: caller.signal };
    await admin.query(`begin`);
    await admin.query(`update ${NAME}.\`rows\` set value = value + 1 where id = 2`);
    const outcome = withBudget(call, () =>
      inTransaction(db, async (tx) => {
        await sql`update ${sql.table("rows")} set value = value + 10 where id = 1`.execute(tx);
        await sql`update ${sql.table("rows")} set value = value + 10 where id = 2 and ${sql.lit(mark)} <> ''`.execute(
          tx,
        );
      }),
    ).catch((err: unknown) => err);
    await untilRunning(mark);
    const goneAt = performance.now();
    caller.abort();
    expect(await outcome).toBeInstanceOf(DatabaseUnavailableError);
    await untilGone(mark);
    expect(performance.now() - goneAt).toBeLessThan(GONE_WITHIN_MS);
    await admin.query(`update ${NAME}.\`rows\` set value = value + 1 where id = 1`);
    await admin.query(`commit`);
    const { rows } = await sql<{ value: number }>`select value from ${sql.table("rows")} order by id`.execute(db);
    expect(rows.map(({ value }) => value)).toEqual([1, 1]);
  });

  it("is not sent for a caller that has gone, or has too little time: not even the next one of a transaction", async () => {
    const db = poolOf(pools[0] as Dependency);
    const caller = new AbortController();
    const call = { deadlineAt: performance.now() + 60_000, signal: caller.signal };
    const sent: string[] = [];
    const transaction = withBudget(call, () =>
      inTransaction(db, async (tx) => {
        await sql`update ${sql.table("rows")} set value = 100 where id = 1`.execute(tx);
        sent.push("first");
        caller.abort();
        await sql`update ${sql.table("rows")} set value = 100 where id = 2`.execute(tx);
        sent.push("second");
      }),
    );
    await expect(transaction).rejects.toBeInstanceOf(DatabaseUnavailableError);
    expect(sent).toEqual(["first"]);
    const late = { deadlineAt: performance.now() + 3, signal: new AbortController().signal };
    await expect(
      withBudget(late, () => sql`update ${sql.table("rows")} set value = 100`.execute(db)),
    ).rejects.toBeInstanceOf(DatabaseUnavailableError);
    const { rows } = await sql<{ value: number }>`select value from ${sql.table("rows")} order by id`.execute(db);
    expect(rows.map(({ value }) => value)).toEqual([1, 1]);
  });

  it("is refused at once when too many wait for a connection", async () => {
    const queue = { max: 3, waitMs: 5000, because: "a test" };
    const db = poolOf({ ...(pools[0] as Dependency), bulkhead: 1, queue });
    await sql`select 1`.execute(db);
    const startedAt = performance.now();
    const all = await Promise.allSettled([1, 2, 3, 4, 5, 6].map(() => sql`select sleep(0.5)`.execute(db)));
    const refused = all.filter(({ status }) => status === "rejected").length;
    expect(refused).toBeGreaterThanOrEqual(2);
    expect(performance.now() - startedAt).toBeLessThan(4000);
    await sql`select 1`.execute(db);
  });
});
