// The client in another language, tools/conformance, as tests run it.
import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../../conformance/", import.meta.url));

/** scripts/test.sh installs it; elsewhere its tests are skipped without it, but not in CI. */
export const hasPython: boolean =
  process.env["CI"] !== undefined || spawnSync("python3", ["--version"], { stdio: "ignore" }).status === 0;

export interface PythonRun {
  readonly status: number | null;
  /** One JSON document a line. */
  readonly lines: readonly Record<string, unknown>[];
  readonly stderr: string;
}

/** Runs a script of that folder, beside the event loop. */
export async function python(script: string, ...args: readonly string[]): Promise<PythonRun> {
  const child = spawn("python3", ["-B", script, ...args], { cwd: FOLDER });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr };
}
