// What the database itself takes to copy the same tables: one INSERT … SELECT each, into tables of the same shape.
import type { Connection } from "mariadb";

const TABLES = ["users", "sessions", "matches", "match_players", "ratings", "messages"];

export async function measureBaseline(admin: Connection, total: number): Promise<{ seconds: number }> {
  await admin.query("create database baseline_drill");
  for (const table of TABLES) await admin.query(`create table baseline_drill.${table} like legacy_drill.${table}`);
  const at = performance.now();
  for (const table of TABLES)
    await admin.query(`insert into baseline_drill.${table} select * from legacy_drill.${table}`);
  const seconds = (performance.now() - at) / 1000;
  await admin.query("drop database baseline_drill");
  console.log(`${total} rows in ${seconds.toFixed(1)} s: ${Math.round(total / seconds)} rows/s`);
  return { seconds };
}
