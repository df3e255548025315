// A local system as scripts/up.sh makes it, on ports and in a folder of its own, and commands beside it.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, paths } from "@muster/local";
import { freePortBase, until } from "@muster/testkit";

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
