// A system to attack: the local stack, started like up.sh on free ports and in a temporary folder.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, paths, portsFrom } from "@muster/local";
import { until } from "@muster/runtime";
import { freePortBase } from "@muster/testkit/port-base";
import type { Target } from "./attack.ts";

const UP_WITHIN_MS = 90_000;
const STOP_WITHIN_MS = 30_000;

export interface OwnTarget extends Target, AsyncDisposable {
  readonly folder: string;
  readonly ratingUrl: string;
}

/** `env`: variables on top of the local stack's own. @throws Error with what it said when it does not come up */
export async function startTarget(env: Readonly<Record<string, string>> = {}): Promise<OwnTarget> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-attack-"));
  const port = await freePort();
  const base = await freePortBase();
  const up = spawn(process.execPath, [path.join(paths.root, "infra/local/src/up.ts")], {
    env: {
      ...process.env,
      MUSTER_HOME: folder,
      MUSTER_PORT: String(port),
      MUSTER_PORT_BASE: String(base),
      MUSTER_SKIP_SMOKE: "1",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said: string[] = [];
  for (const stream of [up.stdout, up.stderr]) stream.on("data", (chunk: Buffer) => said.push(chunk.toString()));
  const gone = once(up, "exit");
  const stop = async (): Promise<void> => {
    const late = setTimeout(() => up.kill("SIGKILL"), STOP_WITHIN_MS);
    up.kill("SIGTERM");
    await gone;
    clearTimeout(late);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await until(() => {
      if (up.exitCode !== null) throw new Error(`the system ended:\n${said.join("")}`);
      return said.join("").includes("Muster is up") ? undefined : said.join("");
    }, UP_WITHIN_MS);
  } catch (err) {
    await stop();
    throw err;
  }
  const ratingUrl = `http://127.0.0.1:${portsFrom(port, base)["RATING_GRPC_PORT"]}`;
  return { url: `http://127.0.0.1:${port}`, ratingUrl, folder, [Symbol.asyncDispose]: stop };
}
