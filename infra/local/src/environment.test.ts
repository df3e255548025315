import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const home = mkdtempSync(path.join(os.tmpdir(), "muster-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The secrets as a process of its own sees them. */
function secretsOf(ingress: number): Promise<string> {
  const script = `
    const { GATEWAY_SEAT_TICKET_KEY, GATEWAY_LINK_KEY, IDENTITY_KEY_ENCRYPTION_KEY } = loadEnvironment();
    console.log(GATEWAY_SEAT_TICKET_KEY, GATEWAY_LINK_KEY, IDENTITY_KEY_ENCRYPTION_KEY);`;
  return inProcess(script, { MUSTER_PORT: String(ingress) });
}

function inProcess(script: string, variables: Readonly<Record<string, string>>): Promise<string> {
  const source = path.join(import.meta.dirname, "environment.ts");
  const imports = `const { loadEnvironment, rememberServers } = await import(${JSON.stringify(source)});`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", imports + script], {
    env: { ...process.env, MUSTER_HOME: home, ...variables },
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

it("a key that is changed in the shell of up.sh is the operator's too: the services seal with it", async () => {
  const keys = `${"b1".repeat(32)},${"a0".repeat(32)}`;
  const servers = { CHAT_DB_URL: "mysql://chat:x@127.0.0.1:9/chat_dev" };
  await inProcess(`rememberServers(loadEnvironment(), ${JSON.stringify(servers)});`, { CHAT_AUDIT_KEY: keys });
  const files = readdirSync(home, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const texts = files.map(({ parentPath, name }) => readFileSync(path.join(parentPath, name), "utf8"));
  const remembered = texts.find((text) => text.includes(servers.CHAT_DB_URL));
  expect(remembered).toContain(`CHAT_AUDIT_KEY='${keys}'`);
  expect(remembered, "only what was changed").not.toContain("IDENTITY_AUDIT_KEY");
});
