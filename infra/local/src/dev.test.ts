// `pnpm -r dev` when its servers cannot start: no service starts, and each says why.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { freePort } from "./ports.ts";

interface Run {
  readonly said: () => string;
  readonly code: Promise<number | null>;
  stop(): void;
}

function run(file: string, args: readonly string[], env: Readonly<Record<string, string>>): Run {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, file), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  return { said: () => said, code, stop: () => child.kill("SIGTERM") };
}

it("a port that is taken, of the servers or of any service, ends the services before one of them has begun", async () => {
  const home = mkdtempSync(path.join(os.tmpdir(), "muster-dev-"));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const occupant = createServer();
  await new Promise<void>((resolve) => occupant.listen(port, "127.0.0.1", resolve));
  const env = { MUSTER_HOME: home, MUSTER_PORT: String(port), MUSTER_TLS_PORT: String(tlsPort) };
  // A service may ask before the servers begin to start, and after they have failed.
  const early = run("dev-service.ts", ["edge-api"], env);
  const servers = run("dev-infra.ts", [], env);
  const codes = [await early.code];
  const late = run("dev-service.ts", ["shard"], env);
  codes.push(await late.code);
  servers.stop();
  codes.push(await servers.code);
  const reason = `did not start: port ${port} (MUSTER_INGRESS_PORT) is taken by another program: choose another with MUSTER_PORT\n`;
  expect([early.said(), late.said(), servers.said()]).toEqual([
    `edge-api ${reason}`,
    `shard ${reason}`,
    `Muster ${reason}`,
  ]);
  expect(codes).toEqual([1, 1, 1]);
  occupant.close();
  rmSync(home, { recursive: true });
}, 30_000);
