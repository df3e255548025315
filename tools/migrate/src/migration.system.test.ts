// The cut-over drill, small: scripts/migration-test.sh is the large one.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { createSchema } from "../v1.5/generate.ts";
import { databaseVariables } from "@muster/local";
import { describeWithMariadb, freshDatabases, mariadbAdminUrl } from "@muster/testkit";
import { expect, it } from "vitest";
import { connect } from "./connect.ts";

describeWithMariadb("the migration from v1.5", () => {
  it("copies under writes and kills, verifies, compares every row, and goes back", { timeout: 240_000 }, () => {
    const run = spawnSync(
      process.execPath,
      [path.join(import.meta.dirname, "drill.ts"), "--matches", "3000", "--kills", "2"],
      {
        encoding: "utf8",
      },
    );
    expect(run.stdout + run.stderr).toContain("the migration drill passed");
    expect(run.status).toBe(0);
  });

  it("refuses steps out of order, and says what comes first", async () => {
    const urls = await freshDatabases();
    const admin = await connect(mariadbAdminUrl());
    const name = `legacy_${new URL(urls["chat-service"]).pathname.slice(6)}`;
    await admin.query(`create database ${name}`);
    const legacyUrl = new URL(`/${name}`, mariadbAdminUrl()).href;
    const legacy = await connect(legacyUrl);
    await createSchema(legacy);
    const tool = (...args: string[]): { status: number | null; said: string } => {
      const run = spawnSync(process.execPath, [path.join(import.meta.dirname, "main.ts"), ...args], {
        env: { ...process.env, LEGACY_DB_URL: legacyUrl, ...databaseVariables(urls) },
        encoding: "utf8",
      });
      return { status: run.status, said: run.stdout + run.stderr };
    };
    expect(tool("finish")).toMatchObject({ status: 1, said: expect.stringContaining("freeze first") as string });
    expect(tool("cut-over")).toMatchObject({ status: 1, said: expect.stringContaining("finish first") as string });
    expect(tool("rollback")).toMatchObject({
      status: 1,
      said: expect.stringContaining("nothing to roll back") as string,
    });
    expect(tool("freeze")).toMatchObject({ status: 1, said: expect.stringContaining("--app-user") as string });
    expect(tool("no-such")).toMatchObject({ status: 2 });
    expect(JSON.parse(tool("status").said)).toMatchObject({ phase: "copying" });
    await legacy.end();
    await admin.query(`drop database ${name}`);
    await admin.end();
  });
});
