import { anyDatabase } from "@muster/resilience/testing";
import { randomBytes } from "node:crypto";
import { type Kysely, sql, type Transaction } from "kysely";
import { createConnection } from "mariadb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { createDatabase, type DbPart, parseDbUrl } from "./database.ts";
import { Tail } from "./tail.ts";

interface Row {
  position: bigint;
  word: string;
}
interface Tables {
  words: Row;
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

describe.skipIf(ADMIN_URL === "")("a tail", () => {
  let part: DbPart<Tables>;
  let db: Kysely<Tables>;
  let clockMs = 0;
  beforeAll(async () => {
    await asAdmin(`create database ${NAME}`);
    const url = Object.assign(new URL(ADMIN_URL), { pathname: NAME }).href;
    part = createDatabase({ url, dependency: anyDatabase(6, { waitMs: 5000, statementMs: 5000 }) });
    ({ db } = part);
  });
  afterAll(async () => {
    await part.stop();
    await asAdmin(`drop database ${NAME}`);
  });
  beforeEach(async () => {
    await sql`create or replace table words (
      position bigint unsigned not null auto_increment primary key, word varchar(16) not null)`.execute(db);
  });

  const insert = async (on: Kysely<Tables>, ...words: string[]): Promise<void> => {
    await sql`insert into words (word) values ${sql.join(words.map((word) => sql`(${word})`))}`.execute(on);
  };
  const tail = (pageRows = 100): Tail<Tables, Row> =>
    new Tail<Tables, Row>(db, { table: "words", columns: ["position", "word"], pageRows, clock: () => clockMs });
  /** Of a database in which the look for open transactions fails as often as that. */
  const tailThatFails = (times: number): Tail<Tables, Row> => {
    let left = times;
    const failing = new Proxy(db, {
      get(on, name) {
        if (name === "transaction" && left-- > 0) throw new Error("the database is away");
        const value: unknown = Reflect.get(on, name, on);
        return typeof value === "function" ? value.bind(on) : value;
      },
    });
    return new Tail<Tables, Row>(failing, {
      table: "words",
      columns: ["position", "word"],
      pageRows: 100,
      clock: () => clockMs,
    });
  };
  const read = async (from: Tail<Tables, Row>): Promise<string[]> => (await from.read()).map(({ word }) => word);
  /** Has its rows and their positions, and commits when it is told to. */
  const open = async (...words: string[]): Promise<{ commit(): Promise<void>; rollback(): Promise<void> }> => {
    const tx = await db.startTransaction().execute();
    await insert(tx as Transaction<Tables>, ...words);
    return { commit: () => tx.commit().execute(), rollback: () => tx.rollback().execute() };
  };

  it("reads each row once, in pages", async () => {
    const words = tail(2);
    expect(await read(words)).toEqual([]);
    await insert(db, "a", "b", "c");
    expect(await read(words)).toEqual(["a", "b"]);
    expect(await read(words)).toEqual(["c"]);
    expect(await read(words)).toEqual([]);
    expect(words.settled).toBe(3n);
  });

  it("reads again what a read that failed has not given out", async () => {
    const words = tailThatFails(1);
    await words.start();
    const gone = await open("gone");
    await insert(db, "first");
    expect(await read(words)).toEqual(["first"]);
    await gone.rollback();
    clockMs += 10_000; // the hole is looked for
    await insert(db, "second");
    await expect(words.read()).rejects.toThrow("away");
    clockMs += 2000;
    expect(await read(words)).toEqual(["second"]);
    expect(words.settled).toBe(3n);
  });

  it("misses no row whose transaction commits after those with higher positions, and settles nothing above it", async () => {
    const words = tail();
    await insert(db, "first");
    expect(await read(words)).toEqual(["first"]);
    const [early, late] = [await open("early 1", "early 2"), await open("late")];
    await insert(db, "between");
    expect(await read(words)).toEqual(["between"]);
    expect(words.settled).toBe(1n);
    await late.commit();
    expect(await read(words)).toEqual(["late"]);
    await early.commit();
    await insert(db, "last");
    expect(await read(words)).toEqual(["early 1", "early 2", "last"]);
    expect(words.settled).toBe(6n);
  });

  it("waits for a transaction for as long as it is open, and for one that was rolled back no longer than it must", async () => {
    const words = tail();
    await read(words);
    const [slow, lost] = [await open("slow"), await open("lost")];
    await insert(db, "above");
    expect(await read(words)).toEqual(["above"]);
    await lost.rollback();
    for (let i = 0; i < 20; i++) {
      clockMs += 60_000;
      expect(await read(words)).toEqual([]);
      expect(words.settled).toBe(0n);
    }
    await slow.commit();
    expect(await read(words)).toEqual(["slow"]);
    expect(words.settled).toBe(3n); // the position of the lost row has been given up
  });

  it("that starts later reads what was committed lately, and what is still open", async () => {
    await insert(db, "old");
    const early = await open("early");
    await insert(db, "above");
    const words = tail();
    expect(await read(words)).toEqual(["old", "above"]);
    await early.commit();
    expect(await read(words)).toEqual(["early"]);
  });

  it("misses nothing when many write at once and commit in any order, some not at all", async () => {
    const words = tail(7);
    const seen: string[] = [];
    const kept: string[] = [];
    let writing = true;
    const reading = (async () => {
      while (writing) seen.push(...(await read(words)));
    })();
    await Promise.all(
      Array.from({ length: 4 }, async (_, writer) => {
        for (let i = 0; i < 40; i++) {
          const word = `${writer} ${i}`;
          const transaction = await open(word);
          await new Promise((resolve) => setTimeout(resolve, (i * 7 + writer * 3) % 5));
          if (i % 6 === 5) await transaction.rollback();
          else {
            await transaction.commit();
            kept.push(word);
          }
        }
      }),
    );
    writing = false;
    await reading;
    for (let more = await read(words); more.length > 0; more = await read(words)) seen.push(...more);
    expect(seen.toSorted()).toEqual(kept.toSorted());
  });
});
