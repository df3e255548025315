// The tool as an operator runs it, in a process of its own: one that may be killed.
import { spawn } from "node:child_process";
import path from "node:path";

const MAIN = path.join(import.meta.dirname, "main.ts");
const RUN_MS_MAX = 15 * 60_000;

/** @returns what it printed. @throws Error when it fails */
export async function runMigration(env: Readonly<Record<string, string>>, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: RUN_MS_MAX,
  });
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
    if (args[0] !== "rollback") process.stdout.write(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`migrate ${args.join(" ")} ended with ${code}`);
  return said;
}

/** Starts a copy and kills it with SIGKILL after a random time. @returns how long it ran, seconds */
export async function runKilled(env: Readonly<Record<string, string>>, seed: number, scaleS: number): Promise<number> {
  const random = ((Math.imul(seed + 1, 2_654_435_761) >>> 0) % 1000) / 1000;
  const afterMs = 700 + random * scaleS * 300;
  const at = performance.now();
  const child = spawn(process.execPath, [MAIN, "copy"], { env: { ...process.env, ...env }, stdio: "ignore" });
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  const signal = await new Promise<string | null>((resolve) => child.once("close", (_code, how) => resolve(how)));
  clearTimeout(timer);
  console.log(`killed after ${Math.round(afterMs)} ms${signal === "SIGKILL" ? "" : " (it had ended by itself)"}`);
  return (performance.now() - at) / 1000;
}
