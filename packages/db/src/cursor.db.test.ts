// The cost of a page on a real database: the last page costs no more than the first.
import { anyDatabase } from "@muster/resilience/testing";
import { randomBytes } from "node:crypto";
import { sql } from "kysely";
import { createConnection } from "mariadb";
import { describe, expect, inject, it } from "vitest";
import { type Cursor, cursorTime, isBelowCursor } from "./cursor.ts";
import { createDatabase, parseDbUrl } from "./database.ts";

/** The test kit's MariaDB. Not by way of the test kit: that is made of this package. */
const ADMIN_URL = inject("mariadbAdminUrl" as never) as string;
const NAME = `test_${randomBytes(6).toString("hex")}`;
const ROWS = 2000;
const PAGE_ROWS = 20;

async function asAdmin(statement: string): Promise<void> {
  const { host, port, user, password } = parseDbUrl(ADMIN_URL);
  const admin = await createConnection({ host, port, user, password });
  await admin.query(statement);
  await admin.end();
}

describe.skipIf(ADMIN_URL === "")("pages by key", () => {
  it("have every row once, also those of one instant, and read little more than they have", async () => {
    await asAdmin(`create database ${NAME}`);
    const url = Object.assign(new URL(ADMIN_URL), { pathname: NAME }).href;
    const part = createDatabase<{ things: { owner: number; at: Date; id: string } }>({
      url,
      dependency: anyDatabase(1, { waitMs: 5000, statementMs: 5000 }), // the counts are a connection's
    });
    const { db } = part;
    try {
      await sql`create table things (owner int not null, at datetime(6) not null, id uuid not null, key (owner, at, id))`.execute(
        db,
      );
      // Three rows at each instant: pages end in the midst of them.
      await sql`
        insert into things
        select 1, timestampadd(microsecond, seq div 3, '2026-11-27 00:00:00'),
               concat('01890a5d-ac96-774b-bcce-', lpad(hex(seq), 12, '0'))
          from ${sql.raw(`seq_1_to_${ROWS}`)}`.execute(db);
      const reads = async (): Promise<number> => {
        const { rows } = await sql<{ Value: string }>`show session status like 'Handler_read%'`.execute(db);
        return rows.reduce((sum, { Value }) => sum + Number(Value), 0);
      };
      const seen = new Set<string>();
      let most = 0;
      for (let after: Cursor | undefined, pages = 0; pages <= ROWS / PAGE_ROWS; pages++) {
        let query = db
          .selectFrom("things")
          .select(["id", cursorTime("at").as("time")])
          .where("owner", "=", 1)
          .orderBy("at", "desc")
          .orderBy("id", "desc")
          .limit(PAGE_ROWS);
        if (after) query = query.where(isBelowCursor("at", "id", after));
        const before = await reads();
        const page = await query.execute();
        most = Math.max(most, (await reads()) - before);
        for (const { id } of page) seen.add(id);
        const last = page.at(-1);
        if (!last) break;
        after = { at: last.time, id: last.id };
      }
      expect(seen.size).toBe(ROWS);
      expect(most).toBeLessThan(3 * PAGE_ROWS);
    } finally {
      await part.stop();
      await asAdmin(`drop database ${NAME}`);
    }
  });
});
