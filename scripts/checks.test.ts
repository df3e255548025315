// The checks must be able to fail: each is shown a planted fault.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { unknownVariables } from "../packages/config/src/index.ts";
import { createEnvironment, portsFrom } from "../infra/local/src/environment.ts";
import { SERVICES } from "../infra/local/src/services.ts";

const root = path.resolve(import.meta.dirname, "..");
const run = (
  command: string,
  args: string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): { status: number | null; output: string } => {
  const done = spawnSync(command, args, {
    cwd: options.cwd ?? root,
    encoding: "utf8",
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env["PATH"]}`, ...options.env },
  });
  return { status: done.status, output: done.stdout + done.stderr };
};

describe("the linter", () => {
  // Inside the workspace, so that types resolve; ignored by git.
  const folder = path.join(root, "packages/runtime/src/.planted");
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("fails on a promise that nobody waits for, as only a linter with types can", () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      path.join(folder, "bad.ts"),
      'import { sleep } from "../waiting.ts";\n\nexport function later(): void {\n  sleep(1);\n}\n',
    );
    const { status, output } = run("oxlint", ["--type-aware", "--no-ignore", "--format=unix", folder]);
    expect(output).toContain("no-floating-promises");
    expect(status).not.toBe(0);
  });
});

describe("the contract test", () => {
  const clone = mkdtempSync(path.join(os.tmpdir(), "muster-contracts-"));
  afterAll(() => rmSync(clone, { recursive: true, force: true }));
  const git = (...args: string[]): void =>
    void run("git", ["-c", "user.name=t", "-c", "user.email=t@example.invalid", ...args], { cwd: clone });
  const edit = (file: string, from: string | RegExp, to: string): void => {
    const full = path.join(clone, file);
    const before = readFileSync(full, "utf8");
    expect(before.replace(from, to), `${file} has ${from}`).not.toBe(before);
    writeFileSync(full, before.replace(from, to));
  };
  const contractTest = (): { status: number | null; output: string } =>
    run("bash", ["scripts/contract-test.sh"], { cwd: clone });

  it("passes as it stands, and fails for an incompatible change, stale code, and faults of the OpenAPI document", () => {
    for (const part of ["contracts", "scripts", "buf.yaml", "buf.gen.yaml", "buf.gen.client.yaml", "package.json"])
      cpSync(path.join(root, part), path.join(clone, part), {
        recursive: true,
        filter: (file) => !file.includes("node_modules"),
      });
    for (const part of ["node_modules", "packages", "services", "infra", "tools"])
      run("ln", ["-s", path.join(root, part), path.join(clone, part)]);
    run("ln", ["-s", path.join(root, "contracts/node_modules"), path.join(clone, "contracts/node_modules")]);
    git("init", "-q", "-b", "main");
    git("add", "-A");
    git("commit", "-q", "-m", "base");
    expect(contractTest()).toMatchObject({ status: 0 });

    edit("contracts/services/match/v2.proto", "uint32 epoch = 2 [", "uint32 fencing_epoch = 12 [");
    const breaking = contractTest();
    expect(breaking.output).toMatch(/Previously present field "2" with name "epoch"/);
    expect(breaking.status).not.toBe(0);
    git("checkout", "-q", ".");

    edit("contracts/events/match-ended.v1.json", '"ticks",', "");
    const breakingEvent = contractTest();
    expect(breakingEvent.output).toContain(
      'contracts/events/match-ended.v1.json: #/required: "ticks" is no longer required',
    );
    expect(breakingEvent.status).not.toBe(0);
    git("checkout", "-q", ".");

    edit("contracts/events/match-ended.v1.json", "A match was played", "A match has been played");
    const staleEvent = contractTest();
    expect(staleEvent.output).toContain("run pnpm gen");
    expect(staleEvent.status).not.toBe(0);
    git("checkout", "-q", ".");

    edit("contracts/services/match/v2.proto", "// A page of a player's matches.", "// One page of a player's matches.");
    const stale = contractTest();
    expect(stale.output).toContain("run pnpm gen");
    expect(stale.status).not.toBe(0);
    git("checkout", "-q", ".");

    edit(
      "contracts/openapi/edge.v1.yaml",
      /name: playerId\n {6}in: path\n {6}required: true/,
      "name: playerId\n      in: path",
    );
    expect(contractTest().status).not.toBe(0);
    git("checkout", "-q", ".");

    edit("contracts/openapi/edge.v1.yaml", "#/components/schemas/MatchPage", "#/components/schemas/MatchPages");
    expect(contractTest().status).not.toBe(0);
  }, 120_000);
});

describe("a service's configuration", () => {
  it("is checked before anything else: all faults at once, exit code 2, no secret in the text", {
    timeout: 60_000,
  }, () => {
    const service = path.join(root, "services/identity-service");
    const env = {
      IDENTITY_GRPC_PORT: "seventy",
      IDENTITY_DB_URL: "postgres://x",
      IDENTITY_KEY_ENCRYPTION_KEY: "not-hexadecimal-at-all",
      DB_POOL_MAX: "0",
    };
    const { status, output } = run("node", ["src/main.ts", "--check-config"], { cwd: service, env });
    expect(status).toBe(2);
    for (const name of Object.keys(env)) expect(output).toContain(name);
    expect(output).not.toContain("not-hexadecimal-at-all");
    const good = run("node", ["src/main.ts", "--check-config"], {
      cwd: service,
      env: {
        IDENTITY_DB_URL: "mysql://u:p@h/d",
        IDENTITY_KEY_ENCRYPTION_KEY: "ab".repeat(32),
        IDENTITY_AUDIT_KEY: "cd".repeat(32),
      },
    });
    expect(good).toMatchObject({ status: 0 });
  });

  it.each(SERVICES)("of $name is all known in the local system; what is not is told", async ({ name, prefix }) => {
    const folder = path.join(root, "services", name, "src");
    const { fields } = (await import(path.join(folder, "config.ts"))) as { fields: Record<string, never> };
    expect(unknownVariables(fields, createEnvironment(portsFrom(8080, 7200)), prefix)).toEqual([]);
    const misspelt = `${Object.keys(fields).at(-1)}X`;
    expect(unknownVariables(fields, { [misspelt]: "1" }, prefix)).toEqual([misspelt]);
    expect(readFileSync(path.join(folder, "main.ts"), "utf8")).toContain("runService(service)");
  });

  it("is not said by arguments, and a misspelt variable is told", { timeout: 60_000 }, () => {
    const cwd = path.join(root, "services/matchmaker");
    const env = {
      MATCHMAKER_MATCH_URL: "http://h",
      MATCHMAKER_SEAT_TICKET_KEY: "ab".repeat(32),
      MATCHMAKER_PORT: "1",
    };
    const misspelt = run("node", ["src/main.ts", "--check-config"], { cwd, env });
    expect(misspelt.output).toBe("matchmaker would start, but does not know these variables: MATCHMAKER_PORT\n");
    expect(misspelt.status).toBe(2);
    const wrong = run("node", ["src/main.ts", "--chek-config"], { cwd, env });
    expect(wrong.output).toContain("--chek-config is an unknown argument");
    expect(wrong.status).toBe(2);
  });
});

describe("the check of the structure", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-pages-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("fails on a runbook that names a script that is not there or types plain node, and on a race whose loser keeps the process alive", () => {
    mkdirSync(path.join(folder, "runbooks"));
    writeFileSync(
      path.join(folder, "runbooks/x.md"),
      "Run `scripts/gone.sh` now.\nOr `node tools/gone.ts`; `pnpm exec node tools/gone.ts` is right.\n",
    );
    mkdirSync(path.join(folder, "packages/x/src"), { recursive: true });
    writeFileSync(path.join(folder, "packages/x/package.json"), '{ "name": "@muster/x" }');
    const race = (name: string, sleeping: string): void =>
      writeFileSync(path.join(folder, `packages/x/src/${name}.ts`), `await Promise.race([running, ${sleeping}]);\n`);
    race("bad", "sleep(STOP_MS)");
    race("good", "sleep(STOP_MS, stop.signal)");
    run("git", ["init", "-q"], { cwd: folder });
    const { status, output } = run("node", [path.join(root, "scripts/check-structure.ts")], { cwd: folder });
    expect(output).toContain("runbooks/x.md names scripts/gone.sh, which is not there");
    expect(output).toContain("runbooks/x.md:2 types plain node");
    expect(output).toContain("packages/x/src/bad.ts races against a sleep without a signal");
    expect(output).not.toContain("good.ts");
    expect(status).toBe(1);
  });
});
