// A disaster, for real: a system with data, a backup, more writes, a dropped table, and the way back to the moment before it.
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { MusterClient } from "@muster/client";
import { keepLonger } from "./backup/backup.ts";
import { databaseServices } from "@muster/local";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isDeepStrictEqual, parseEnv } from "node:util";
import { BINARY_LOGS, type Manifest, tableStates } from "./backup/manifest.ts";
import { withServer } from "./databases.ts";
import { createTestInstallation, printedBy, type TestInstallation } from "./test-installation.ts";

const PASSWORD = "correct horse battery";

describeWithServers("backup and restore", () => {
  let installation: TestInstallation;
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-backup-"));
  const operator = async (words: string): Promise<string> => {
    const { code, output } = await printedBy(`scripts/operator.sh ${words}`, installation.env);
    expect(code, output).toBe(0);
    return output;
  };
  const serverUrl = (): string =>
    parseEnv(readFileSync(path.join(installation.folder, "databases.env"), "utf8"))["MUSTER_DB_URL"] as string;
  /** Of all but who relays an outbox: that is renewed while the system runs, and a restored one has other processes. */
  const states = async (): ReturnType<typeof tableStates> => {
    const databases = databaseServices().map(({ database }) => `${database.prefix}_dev`);
    const all = await tableStates(serverUrl(), databases);
    expect(new Set(Object.keys(all).map((table) => table.split(".")[0]))).toEqual(new Set(databases));
    return Object.fromEntries(Object.entries(all).filter(([table]) => !/\.outbox_(?:relays|slots)$/.test(table)));
  };

  /** When events that are on their way have been applied. */
  const settled = async (): ReturnType<typeof states> => {
    let last = await states();
    await until(async () => {
      const before = last;
      last = await states();
      return isDeepStrictEqual(last, before) ? undefined : "rows still change";
    });
    return last;
  };

  beforeAll(async () => {
    installation = await createTestInstallation();
    await installation.start();
  }, 120_000);
  afterAll(async () => {
    await installation?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it("brings back every row up to the transaction before a dropped table; sessions and keys go on", async () => {
    const ann = new MusterClient({ url: installation.url });
    await ann.register({ name: "ann", password: PASSWORD });
    expect(await printedBy(`scripts/smoke.sh ${installation.url}`, installation.env)).toMatchObject({ code: 0 });
    await operator("grant ann admin 'the first admin'");
    const kept = path.join(folder, "monday");
    expect(await operator(`backup ${kept}`)).toMatch(/is good; binary log from \d+-\d+-\d+$/m);

    const late = new MusterClient({ url: installation.url });
    await late.register({ name: "late", password: PASSWORD });
    await late.chat.createRoom("after the backup");
    await operator("grant late moderator 'after the backup'");
    const before = await settled();
    await withServer(serverUrl(), (db) => db.query("drop table match_dev.participants"));
    await withServer(serverUrl(), (db) => db.query("delete from identity_dev.accounts where name = 'nobody'"));
    await late.chat.createRoom("after the mistake");
    await operator(`backup-logs ${kept}`);
    await operator(`backup-logs ${kept}`); // every minute
    expect(readdirSync(kept).filter((name) => name.startsWith("fetching-"))).toEqual([]);

    const gtid = /(\d+-\d+-\d+)  DROP TABLE/i.exec(await operator(`binary-log ${kept} 'drop table'`))?.[1];
    expect(gtid).toBeDefined();
    expect(
      (await printedBy(`scripts/operator.sh restore ${kept} --before ${gtid}`, installation.env)).output,
    ).toContain("stop it");
    await installation.stop();
    const untrue = path.join(folder, "untrue");
    cpSync(kept, untrue, { recursive: true });
    const manifest = JSON.parse(readFileSync(path.join(kept, "manifest.json"), "utf8")) as Manifest;
    const tables = { ...manifest.tables, "match_dev.matches": { rows: 7, checksum: 7 } };
    writeFileSync(path.join(untrue, "manifest.json"), JSON.stringify({ ...manifest, tables }));
    const failed = await printedBy(`scripts/operator.sh restore ${untrue} --before ${gtid}`, installation.env);
    expect(failed).toMatchObject({
      code: 1,
      output: expect.stringContaining("these tables differ from the manifest") as unknown,
    });
    const dataFolders = (): string[] =>
      readdirSync(installation.folder).filter((name) => /^mariadb($|\.before)/.test(name));
    expect(dataFolders(), "half a restore is nobody's data").toEqual(["mariadb"]);
    expect(await operator(`restore ${kept} --before ${gtid}`)).toMatch(
      /the moderation log is intact\nits last entry: \d+ [0-9a-f]{64}\nrestored/,
    );
    expect(dataFolders()).toHaveLength(2);
    await installation.start();

    expect(await states()).toEqual(before);
    const rooms = JSON.stringify(await late.chat.channels());
    expect(rooms).toContain("after the backup");
    expect(rooms).not.toContain("after the mistake");
    await ann.me(); // her access token from before: the same signing key
    const again = new MusterClient({ url: installation.url });
    await again.logIn({ name: "late", password: PASSWORD });
  }, 180_000);

  it("refuses a server whose log does not say exactly what was written, and to mix the logs of two servers", async () => {
    const setFormat = (format: string): Promise<unknown> =>
      withServer(serverUrl(), (db) => db.query(`set global binlog_format = ${format}`));
    await setFormat("MIXED");
    const mixed = await printedBy(`scripts/operator.sh backup ${path.join(folder, "mixed")}`, installation.env);
    expect(mixed).toMatchObject({ code: 1, output: expect.stringContaining("binlog_format is MIXED") as unknown });
    await setFormat("ROW");

    // The restored server began its logs anew, under the same names.
    const logs = path.join(folder, "monday", BINARY_LOGS);
    const first = path.join(logs, "binlog.000001");
    const sizes = (): number[] => readdirSync(logs).map((file) => statSync(path.join(logs, file)).size);
    const before = sizes();
    expect(existsSync(first)).toBe(true);
    const other = await printedBy(`scripts/operator.sh backup-logs ${path.join(folder, "monday")}`, installation.env);
    expect(other).toMatchObject({ code: 1, output: expect.stringContaining("Take a new backup") as unknown });
    expect(sizes()).toEqual(before);
  }, 60_000);

  it("refuses a dump that has been changed, a folder that is none, and a server that is in use", async () => {
    const kept = path.join(folder, "monday");
    expect(await operator(`verify-backup ${kept}`)).toContain("tables are as they were");
    const inUse = await printedBy(`scripts/operator.sh restore ${kept} --to '${serverUrl()}'`, installation.env);
    expect(inUse).toMatchObject({ code: 1, output: expect.stringContaining("already") as unknown });
    expect(await printedBy(`scripts/operator.sh restore ${folder} --to x`, installation.env)).toMatchObject({
      code: 1,
    });
    writeFileSync(path.join(kept, "dump.sql"), "-- nothing\n", { flag: "a" });
    const changed = await printedBy(`scripts/operator.sh verify-backup ${kept}`, installation.env);
    expect(changed).toMatchObject({ code: 1, output: expect.stringContaining("changed") as unknown });
  }, 60_000);
});

it("of two copies of a binary log the longer one is kept, whichever comes last", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-logs-"));
  const [kept, fetched] = [path.join(folder, "kept"), path.join(folder, "fetched")];
  for (const [before, after, is] of [
    ["all of it", "all", "all of it"],
    ["all", "all of it", "all of it"],
  ] as const) {
    writeFileSync(kept, before);
    writeFileSync(fetched, after);
    keepLonger(fetched, kept);
    expect(readFileSync(kept, "utf8")).toBe(is);
  }
  writeFileSync(fetched, "another one, longer");
  expect(() => keepLonger(fetched, kept)).toThrow("is not the log in the backup");
  expect(readFileSync(kept, "utf8")).toBe("all of it");
  rmSync(folder, { recursive: true });
});
