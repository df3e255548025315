import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const home = mkdtempSync(path.join(os.tmpdir(), "muster-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The secrets as a process of its own sees them. */
function secretsOf(ingress: number): Promise<string> {
  const source = path.join(import.meta.dirname, "environment.ts");
  const script = `const { loadEnvironment } = await import(${JSON.stringify(source)});
    const { GATEWAY_SEAT_TICKET_KEY, GATEWAY_LINK_KEY, IDENTITY_KEY_ENCRYPTION_KEY } = loadEnvironment();
    console.log(GATEWAY_SEAT_TICKET_KEY, GATEWAY_LINK_KEY, IDENTITY_KEY_ENCRYPTION_KEY);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, MUSTER_HOME: home, MUSTER_PORT: String(ingress) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve) => {
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.once("close", () => resolve(said.trim()));
  });
}

it("processes that start at once have the same secrets, also when they rewrite the file", {
  timeout: 60_000,
}, async () => {
  const first = await Promise.all(Array.from({ length: 8 }, () => secretsOf(8080)));
  expect(new Set(first).size).toBe(1);
  expect(first[0]).toMatch(/^[0-9a-f]{64} [0-9a-f]{64} [0-9a-f]{64}$/);
  const again = await Promise.all(Array.from({ length: 8 }, (_, i) => secretsOf(9000 + i)));
  expect(new Set([...first, ...again]).size).toBe(1);
});
