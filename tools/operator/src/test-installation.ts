// A local system as scripts/up.sh makes it, on ports and in a folder of its own, and commands beside it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { answers, freePort, paths } from "@muster/local";
import { until } from "@muster/testkit";

/** Where whole systems have their ports (infra/local/src/ports.ts), below those for outgoing connections. */
const [BASE_FROM, BASES] = [18_400, 140];
const UP_WITHIN_MS = 100_000;
const COMMAND_WITHIN_MS = 60_000;

export interface TestInstallation extends AsyncDisposable {
  readonly url: string;
  readonly folder: string;
  /** Of this shell, so that commands find this system. */
  readonly env: NodeJS.ProcessEnv;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export interface Printed {
  readonly code: number;
  readonly output: string;
}

/** @param more variables for up.ts */
export async function createTestInstallation(more: Readonly<Record<string, string>> = {}): Promise<TestInstallation> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-operator-"));
  const port = await freePort();
  const env = {
    ...process.env,
    MUSTER_HOME: folder,
    MUSTER_PORT: String(port),
    MUSTER_PORT_BASE: String(await freePortBase()),
    MUSTER_SKIP_SMOKE: "1",
    ...more,
  };
  let end: (() => Promise<void>) | undefined;
  const stop = async (): Promise<void> => {
    await end?.();
    end = undefined;
  };
  return {
    url: `http://localhost:${port}`,
    folder,
    env,
    async start() {
      end = await up(env);
    },
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A block of a hundred ports; several checkouts may be tested at the same time. */
async function freePortBase(): Promise<number> {
  for (;;) {
    const base = BASE_FROM + 100 * Math.floor(Math.random() * BASES);
    const taken = await Promise.all([0, 10, 20, 30, 40, 50, 60, 90].map((offset) => answers(base + offset)));
    if (!taken.includes(true)) return base;
  }
}

async function up(env: NodeJS.ProcessEnv): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, ["infra/local/src/up.ts"], {
    cwd: paths.root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await until(() => {
    if (child.exitCode !== null) throw new Error(said);
    return said.includes("Muster is up") ? undefined : said;
  }, UP_WITHIN_MS);
  return async () => {
    child.kill("SIGINT");
    await ended;
  };
}

/** Everything that it prints, and how it ends. Ended after a minute. */
export function printedBy(
  script: string,
  env: NodeJS.ProcessEnv,
  withinMs: number = COMMAND_WITHIN_MS,
): Promise<Printed> {
  const child = spawn("bash", ["-c", script], {
    cwd: paths.root,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const timer = setTimeout(() => {
    output += `\n(ended by the test after ${withinMs} ms)`;
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  }, withinMs);
  return new Promise((resolve) =>
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, output });
    }),
  );
}
