// Real deadlocks, lost by whoever is under test.
import { appendFileSync } from "node:fs";
import { hooks } from "@muster/db/testing";
import { sql } from "kysely";
import { createConnection } from "mariadb";
import { inject } from "vitest";

/** InnoDB lets the one lose that has changed less. */
const WEIGHT_ROWS = 2000;

const lost = new Set<string>();

/**
 * From now on, the first attempt of each repeatable transaction of this test file loses a deadlock just before its commit. Its database has to be migrated by
 * kysely: the rows of that table are what both want. @returns the names of those that have lost one
 */
export function loseDeadlocks(): ReadonlySet<string> {
  hooks.beforeCommit = async (tx, name) => {
    if (lost.has(name)) return;
    lost.add(name);
    const { rows } = await sql<{ db: string; name: string }>`
      select database() as db, name from kysely_migration order by name limit 2`.execute(tx);
    const [first, second] = rows;
    if (!first || !second) throw new Error("there are not two migrations to lock");
    const seenIn = process.env["MUSTER_DEADLOCKS_SEEN"];
    if (seenIn) appendFileSync(seenIn, `${first.db.replace(/_test_.*/, "")}: ${name}\n`);
    const { hostname, port, username, password } = new URL(inject("mariadbAdminUrl"));
    const rival = await createConnection({ host: hostname, port: Number(port), user: username, password });
    const lockOf = (row: string): string =>
      `select name from \`${first.db}\`.kysely_migration where name = '${row}' for update`;
    try {
      await rival.query("create database if not exists deadlock_weights");
      await rival.query("create table if not exists deadlock_weights.rows_of (id int) engine = InnoDB");
      await rival.query("begin");
      await rival.query(`insert into deadlock_weights.rows_of select seq from mysql.seq_1_to_${WEIGHT_ROWS}`);
      await rival.query(lockOf(first.name));
      await sql.raw(lockOf(second.name)).execute(tx);
      const crossing = rival.query(lockOf(second.name)); // waits for us
      await new Promise((resolve) => setTimeout(resolve, 20));
      try {
        await sql.raw(lockOf(first.name)).execute(tx);
        throw new Error("the deadlock was not lost");
      } finally {
        await crossing.catch(() => undefined);
      }
    } finally {
      await rival.query("rollback").catch(() => undefined);
      await rival.end();
    }
  };
  return lost;
}
