import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, it } from "vitest";

const home = mkdtempSync(path.join(os.tmpdir(), "muster-home-"));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** A process that claims the folder and stays, or says why it may not. */
function claiming(ingressPort: number): { said: Promise<string>; kill(): Promise<void> } {
  const source = path.join(import.meta.dirname, "home.ts");
  const script = `const { claimHome } = await import(${JSON.stringify(source)});
    try {
      await claimHome({ by: "up.sh", pid: process.pid, ingressPort: ${ingressPort}, portBase: 7200 });
      console.log("claimed");
      setInterval(() => undefined, 1000);
    } catch (err) { console.log(err.message); }`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    env: { ...process.env, MUSTER_HOME: home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    said: new Promise((resolve) => child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString().trim()))),
    async kill() {
      child.kill("SIGKILL");
      await gone;
    },
  };
}

it("one system has a folder, of many that start at once; it is told to the others, and free again when that one is killed", {
  timeout: 30_000,
}, async () => {
  const all = Array.from({ length: 4 }, (_, i) => claiming(9000 + i));
  const said = await Promise.all(all.map((one) => one.said));
  const first = said.indexOf("claimed");
  const refused = said.filter((text) => text !== "claimed");
  expect(refused).toHaveLength(3);
  for (const text of refused) {
    expect(text).toContain(`a system is already running in ${home}`);
    expect(text).toContain(`http://localhost:${9000 + first}`);
    expect(text).toContain("MUSTER_HOME");
  }
  await all[first]?.kill();
  const next = claiming(9100);
  expect(await next.said).toBe("claimed");
  for (const one of [...all, next]) await one.kill();
});
