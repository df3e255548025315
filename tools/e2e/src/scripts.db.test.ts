// Every script ends by itself, with its exit code, on the paths that are quick: usage, a wrong argument, nobody there.
import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import path from "node:path";
import { describeWithMariadb, freshDatabases } from "@muster/testkit";
import { expect, it } from "vitest";

const root = path.join(import.meta.dirname, "../../..");
/** On a busy machine; each takes a second or two. */
const WITHIN_MS = 60_000;
const NOBODY = "http://127.0.0.1:1";

interface Run {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly code: number;
}

/** Undefined: it has no quick path, or is no program. */
const SCRIPTS: Readonly<Record<string, Run | undefined>> = {
  "build-package.ts": { code: 2 },
  "check-structure.ts": { code: 0 },
  "check.ts": undefined, // runs everything
  "config-tables.ts": { code: 0 },
  "container-test.sh": { args: ["no-such-part"], code: 2 },
  "contract-test.sh": undefined, // scripts/checks.test.ts runs it
  "dependency-tables.ts": { code: 0 },
  "dlq.sh": { args: ["no-such-command"], code: 2 },
  "document-references.ts": { code: 0 },
  "drills.sh": { args: ["--no-such-option"], code: 2 },
  "footprint.sh": { code: 0 },
  "import-circles.ts": { code: 0 },
  "purity.ts": { code: 0 },
  "infra-files.ts": { code: 0 },
  "kafka-topics.sh": { args: ["--no-such-option"], code: 2 },
  "migration-test.sh": { args: ["--no-such-option"], code: 2 },
  "new-game.ts": { args: ["No Name"], code: 2 },
  "new-service.ts": { args: ["No Name"], code: 2 },
  "operator.sh": { args: ["no-such-command"], code: 2 },
  "outgoing-calls.ts": undefined, // check-structure.ts calls it
  "pack-sdk.ts": { args: ["--no-such-option"], code: 2 },
  "perf-guard.sh": { args: ["--no-such-option"], code: 2 },
  "prepare-uws.ts": { code: 0 },
  "setup.sh": undefined, // is sourced
  "smoke.sh": { args: [NOBODY], code: 1 },
  "test.sh": { args: ["--no-such-option"], code: 1 },
  "test-report.ts": { args: ["no-such-report.json"], code: 1 },
  "undeclared-imports.ts": undefined, // check-structure.ts calls it
  "up.sh": { env: { MUSTER_PORT: "none" }, code: 1 },
  "vocabulary.ts": { code: 0 },
  "validate-openapi.ts": { args: ["no-such-file.yaml"], code: 1 },
};

const TOOLS: Readonly<Record<string, Run>> = {
  "tools/attack/src/main.ts": { args: ["--no-such-option"], code: 2 },
  "tools/conformance/src/main.ts": { args: ["no-such-side"], code: 2 },
  "tools/bench/src/events.ts": { args: ["--no-such-option"], code: 2 },
  "tools/drills/src/broker-outage.ts": { args: ["--no-such-option"], code: 2 },
  "tools/bench/src/results.ts": { args: ["--no-such-option"], code: 2 },
  "tools/drills/src/event-crashes.ts": { args: ["--no-such-option"], code: 2 },
  "tools/drills/src/restarts.ts": { args: ["--no-such-option"], code: 2 },
  "tools/drills/src/survival.ts": { args: ["--scenario", "none"], code: 2 },
  "tools/inspect/src/inspect.ts": { args: ["no-such-game"], code: 2 },
  "tools/inspect/src/soak.ts": { args: ["--no-such-option"], code: 2 },
  "tools/migrate/src/main.ts": { code: 2 },
  "tools/smoke/src/smoke.ts": { args: [NOBODY], code: 1 },
};

/** @returns its exit code, or what it said when it does not end */
async function run(file: string, { args = [], env = {} }: Omit<Run, "code">): Promise<number | string> {
  const command = file.endsWith(".ts") ? process.execPath : "bash";
  const child = spawn(command, [path.join(root, file), ...args], {
    cwd: root,
    env: { ...process.env, PATH: `${path.join(root, "node_modules/.bin")}:${process.env["PATH"]}`, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | string>((resolve) =>
    child.once("exit", (code, how) => resolve(code ?? String(how))),
  );
  let late: NodeJS.Timeout | undefined;
  const tooLate = new Promise<string>((resolve) => {
    late = setTimeout(() => resolve(`did not end: ${said.slice(-500)}`), WITHIN_MS);
  });
  const result = await Promise.race([ended, tooLate]);
  clearTimeout(late);
  if (typeof result === "string" && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  return result;
}

it("every script is named here, with how it ends", () => {
  const found = readdirSync(path.join(root, "scripts")).filter(
    (file) => /\.(sh|ts)$/.test(file) && !file.includes(".test."),
  );
  expect(found.filter((file) => !(file in SCRIPTS))).toEqual([]);
});

it.each([...Object.entries(SCRIPTS).map(([file, how]) => [`scripts/${file}`, how] as const), ...Object.entries(TOOLS)])(
  "%s ends by itself",
  { timeout: WITHIN_MS * 1.5 },
  async (file, how) => {
    if (how) expect(await run(file, how)).toBe(how.code);
  },
);

describeWithMariadb("what works on a service's database", () => {
  it.each(["identity", "match", "chat"] as const)(
    "%s-service: migrate.ts ends, done or refused",
    async (name) => {
      const file = `services/${name}-service/src/migrate.ts`;
      const { [`${name}-service` as const]: url } = await freshDatabases();
      const variable = `${name.toUpperCase()}_DB_URL`;
      const keys = name === "match" ? {} : { [`${name.toUpperCase()}_AUDIT_KEY`]: "a0".repeat(32) };
      expect(await run(file, { env: { ...keys, [variable]: url } })).toBe(0);
      expect(await run(file, {}), "no configuration").toBe(2);
      expect(await run(file, { env: { ...keys, [variable]: "mysql://nobody:wrong@127.0.0.1:1/none" } })).toBe(1);
    },
    WITHIN_MS * 2.5,
  );

  it("operator.ts ends after its usage text, with the database there", { timeout: WITHIN_MS * 1.5 }, async () => {
    const { "identity-service": url } = await freshDatabases();
    const env = { IDENTITY_DB_URL: url, IDENTITY_KEY_ENCRYPTION_KEY: "5a".repeat(32) };
    expect(await run("services/identity-service/src/operator.ts", { env })).toBe(2);
    expect(
      await run("services/identity-service/src/operator.ts", { args: ["player", "ann"] }),
      "no configuration",
    ).toBe(2);
  });
});
