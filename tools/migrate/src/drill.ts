// The whole cut-over and its rollback, on a private MariaDB: v1.5 with data and writers that go on writing, the copy
// killed at random points, the freeze, the last pass, the verification, every row compared, v2.0 written to, carried
// back, compared again. scripts/migration-test.sh runs it.
//   node src/drill.ts [--matches 200000] [--kills 6] [--seed 1]
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { programOptions } from "@muster/testkit/program-options";
import { service as chatService } from "@muster/chat-service/testing";
import { createDatabase, migrate } from "@muster/db";
import { service as identityService } from "@muster/identity-service/testing";
import { databaseVariables, freePort, provision, startMariadb } from "@muster/local";
import { service as matchService } from "@muster/match-service/testing";
import { anyDatabase } from "@muster/resilience/testing";
import { createSchema, generate } from "../v1.5/generate.ts";
import { compareEveryRow } from "./compare.ts";
import { connect } from "./connect.ts";
import { measureBaseline } from "./drill-baseline.ts";
import { startWriters } from "./drill-writers.ts";
import { Migration } from "./migration.ts";
import { runKilled, runMigration } from "./drill-process.ts";
import { writeAfterCutOver } from "./drill-after.ts";

const { values } = programOptions({
  options: {
    matches: { type: "string", default: "200000" },
    kills: { type: "string", default: "6" },
    seed: { type: "string", default: "1" },
  },
});
const [matches, kills, seed] = [Number(values.matches), Number(values.kills), Number(values.seed)];
const amounts = { users: Math.ceil(matches / 4), matches, messages: Math.ceil(matches * 1.2) };
const step = (text: string): void => console.log(`\n== ${text}`);
const seconds = (since: number): string => ((performance.now() - since) / 1000).toFixed(1);

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-migration-"));
const server = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: true });
try {
  await drill();
  console.log("\nthe migration drill passed");
} catch (err) {
  console.error(err);
  process.exitCode = 1;
} finally {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
}

async function drill(): Promise<void> {
  step(`v1.5 with ${amounts.users} users, ${amounts.matches} matches, ${amounts.messages} messages`);
  const admin = await connect(server.adminUrl);
  await admin.query("set global innodb_buffer_pool_size = 536870912");
  await admin.query("create database legacy_drill character set utf8mb4 collate utf8mb4_unicode_ci");
  await admin.query("create user legacy_app@'%' identified by 'legacy-app'");
  await admin.query("grant select, insert, update on `legacy\\_drill`.* to legacy_app@'%'");
  const legacyUrl = new URL("/legacy_drill", server.adminUrl).href;
  const appUrl = legacyUrl.replace(/\/\/[^@]*@/, "//legacy_app:legacy-app@");
  const legacy = await connect(legacyUrl);
  let at = performance.now();
  await createSchema(legacy);
  await generate(legacy, amounts);
  const [{ total }] = (await legacy.query(
    "select (select count(*) from users) + (select count(*) from sessions) + (select count(*) from matches) + (select count(*) from match_players) + (select count(*) from ratings) + (select count(*) from messages) total",
  )) as [{ total: number }];
  console.log(`${total} rows, made in ${seconds(at)} s`);

  const urls = await provision({
    adminUrl: server.adminUrl,
    suffix: "drill",
    passwordOf: (user) => `drill-${user}`,
  });
  await migrateSchemas(urls);
  const env = { LEGACY_DB_URL: legacyUrl, ...databaseVariables(urls) };

  step("plain INSERT … SELECT of the same tables, for comparison");
  const baseline = await measureBaseline(admin, total);

  step(`copy while v1.5 writes, killed ${kills} times at random points (seed ${seed})`);
  const writers = await startWriters(appUrl, seed);
  at = performance.now();
  let copiedS = 0;
  for (let kill = 0; kill < kills; kill++) copiedS += await runKilled(env, seed + kill, baseline.seconds);
  const began = performance.now();
  await runMigration(env, ["copy"]);
  copiedS += (performance.now() - began) / 1000;
  const writtenMeanwhile = writers.count();
  console.log(
    `copied in ${copiedS.toFixed(1)} s of work, ${kills} kills included; v1.5 wrote ${writtenMeanwhile} rows meanwhile`,
  );

  step("freeze: v1.5's connections end, its writes are refused");
  await runMigration(env, ["freeze", "--app-user", "legacy_app"]);
  const outcome = await writers.stop();
  if (outcome.refused === 0) throw new Error("v1.5 could still write after the freeze");
  console.log(`v1.5 wrote ${outcome.written} rows until the freeze, and was refused ${outcome.refused} times after it`);

  step("last pass and verification");
  at = performance.now();
  await runMigration(env, ["finish"]);
  console.log(`frozen for ${seconds(at)} s`);

  step("every row of every table, compared one by one");
  at = performance.now();
  const compared = await compareEveryRow({ legacy: legacyUrl, ...pick(urls) });
  console.log(`${compared} rows are the same; ${seconds(at)} s`);

  step("speed: the whole copy again, undisturbed, into empty schemas, with one client at a time");
  const speed = await undisturbedCopy(legacyUrl, total);
  console.log(
    `copy ${Math.round(total / speed)} rows/s, plain INSERT … SELECT ${Math.round(total / baseline.seconds)} rows/s: ${(speed / baseline.seconds).toFixed(2)} times as long`,
  );

  step("cut over, v2.0 is written to, roll back, what was written is in v1.5");
  await runMigration(env, ["cut-over"]);
  const after = await writeAfterCutOver(pick(urls), legacyUrl);
  const carried = await runMigration(env, ["rollback", "--app-user", "legacy_app"]);
  console.log(carried.trim());
  await runMigration(env, ["rollback", "--app-user", "legacy_app"]); // a repeat changes nothing
  await after.check();
  const app = await connect(appUrl);
  await app.query("update users set banned = 0 where id = 1");
  await app.end();
  console.log("v1.5 writes again");
  await legacy.end();
  await admin.end();
}

async function undisturbedCopy(legacyUrl: string, total: number): Promise<number> {
  const urls = await provision({
    adminUrl: server.adminUrl,
    suffix: "speed",
    passwordOf: (user) => `drill-${user}`,
  });
  await migrateSchemas(urls);
  const admin = await connect(server.adminUrl);
  await admin.query("create table legacy_drill.progress_kept as select * from legacy_drill.muster_migration");
  await admin.query("delete from legacy_drill.muster_migration");
  const at = performance.now();
  let rows = 0;
  {
    await using migration = await Migration.open({
      urls: { legacy: legacyUrl, ...pick(urls) },
      batchRows: 5000,
      report: (_table, count) => void (rows = Math.max(rows, count)),
    });
    await migration.copy();
  }
  const took = (performance.now() - at) / 1000;
  if (rows > total) throw new Error("more rows were copied than there are");
  await admin.query("delete from legacy_drill.muster_migration");
  await admin.query("insert into legacy_drill.muster_migration select * from legacy_drill.progress_kept");
  await admin.end();
  return took;
}

async function migrateSchemas(
  urls: Readonly<Record<"identity-service" | "match-service" | "chat-service", string>>,
): Promise<void> {
  const all = [
    [urls["identity-service"], identityService.migrations],
    [urls["match-service"], matchService.migrations],
    [urls["chat-service"], chatService.migrations],
  ] as const;
  for (const [url, migrations] of all) {
    const database = createDatabase({ url, dependency: anyDatabase(2, { waitMs: 5000, statementMs: 60_000 }) });
    await migrate(database.db, migrations);
    await database.stop();
  }
}

function pick(urls: Readonly<Record<"identity-service" | "match-service" | "chat-service", string>>): {
  identity: string;
  match: string;
  chat: string;
} {
  return { identity: urls["identity-service"], match: urls["match-service"], chat: urls["chat-service"] };
}
