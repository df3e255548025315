// A script of a client in another language, as tests run it.
import { spawn } from "node:child_process";

export interface ScriptRun {
  readonly status: number | null;
  /** What it prints: one JSON object a line. */
  readonly lines: readonly Record<string, unknown>[];
  readonly stderr: string;
}

/** Beside the event loop. */
export async function runScript(
  program: string,
  args: readonly string[],
  at: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv },
): Promise<ScriptRun> {
  const child = spawn(program, args, at);
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk) => (stdout += String(chunk)));
  child.stderr.on("data", (chunk) => (stderr += String(chunk)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const lines = stdout.split("\n").filter((line) => line.startsWith("{")); // engines greet first
  return { status, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>), stderr };
}
