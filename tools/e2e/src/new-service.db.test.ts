// A service is made in a copy of the workspace, boots on a clean schema, is called, and is everywhere that processes are named.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { describeWithMariadb } from "@muster/testkit";
import { copyWorkspace } from "@muster/testkit/workspace-copy";
import { afterAll, expect, it } from "vitest";

const root = path.resolve(import.meta.dirname, "../../..");
const copy = mkdtempSync(path.join(os.tmpdir(), "muster-service-"));
afterAll(() => rmSync(copy, { recursive: true, force: true }));

/** What a database service may cost beside its contract, schema, migrations, domain, store and rpc handlers. */
const LINES_MAX = 60;
const ITS_OWN = /^(src\/(schema|store|rpc|errors|migrations\/index)\.ts|.*\.test\.ts)$/;

function run(command: string, ...args: string[]): string {
  const env = { ...process.env, PATH: `${root}/node_modules/.bin:${process.env["PATH"]}`, INIT_CWD: copy };
  const done = spawnSync(command, args, { cwd: copy, env, encoding: "utf8" });
  expect(done.status, `${command} ${args.join(" ")}\n${done.stdout}${done.stderr}`).toBe(0);
  return done.stdout;
}

function linesOf(file: string): number {
  return readFileSync(path.join(copy, file), "utf8").trimEnd().split("\n").length;
}

describeWithMariadb("a new service", () => {
  it("is one command: it compiles, boots on a clean schema, answers, and costs few lines of its own", () => {
    const folder = "services/live-ops-service";
    copyWorkspace(root, copy);
    run("git", "init", "--quiet"); // check-structure.ts asks it which files there are
    run("node", "scripts/new-service.ts", "live-ops", "--no-install"); // several words: nothing that is one may hold them
    run("pnpm", "install", "--prefer-offline", "--no-frozen-lockfile", "--ignore-scripts");
    run("pnpm", "gen");
    run("buf", "lint");
    for (const script of ["infra-files.ts", "config-tables.ts", "dependency-tables.ts"])
      run("node", `scripts/${script}`, "--write");
    run("biome", "format", folder, "contracts", "infra");
    run("node", "scripts/check-structure.ts");
    run("tsc", "--noEmit", "-p", folder);
    run("vitest", "run", `${folder}/`);
    run("node", "tools/manifests/src/check.ts");

    const files = readdirSync(path.join(copy, folder), { recursive: true, encoding: "utf8" });
    const beside = files.filter(
      (file) => file.endsWith(".ts") && !file.startsWith("node_modules") && !ITS_OWN.test(file),
    );
    const row = readFileSync(path.join(root, "scripts/new-service/row.template"), "utf8").trimEnd().split("\n").length;
    const lines = beside.reduce((sum, file) => sum + linesOf(path.join(folder, file)), row);
    console.log(`${lines} lines: ${beside.join(", ")}, and ${row} in infra/services.ts`);
    expect(lines).toBeLessThanOrEqual(LINES_MAX);
  }, 300_000);

  it("is refused when there is one, and by a name that none may have", () => {
    const told = (...words: string[]): object =>
      spawnSync("node", ["scripts/new-service.ts", ...words], { cwd: root, encoding: "utf8" });
    expect(told("chat")).toMatchObject({ status: 1, stderr: expect.stringContaining("chat-service already exists") });
    expect(told("match-history")).toMatchObject({ status: 1, stderr: expect.stringContaining("needs another name") });
    expect(told("root")).toMatchObject({ status: 1, stderr: expect.stringContaining("the server's own") });
    for (const id of ["Chat", "a_b", "x", "1st", "-a", "a".repeat(25), "../x", "a\nb", "--help"])
      expect(told(id)).toMatchObject({ status: 2 });
  });
});
