import { readFileSync } from "node:fs";
import { type Child, spawnChild } from "@muster/local";

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
const CLOCK_TICKS_PER_S = 100;

export interface Pinned {
  readonly child: Child;
  readonly lines: string[];
}

/** A child on one core. */
export function pinned(
  core: number,
  name: string,
  command: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): Pinned {
  const lines: string[] = [];
  const child = spawnChild({
    name,
    command: "taskset",
    args: ["-c", String(core), command, ...args],
    cwd,
    env,
    onLine: (line) => lines.push(line),
  });
  return { child, lines };
}

/** CPU seconds, user and system, of a process so far. */
export function cpuSeconds(pid: number): number {
  const fields = (readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1] as string).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_S;
}

export function residentMib(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]) / 1024;
}

/** The last line that is JSON, from a load generator. */
export function lastJson<T>(lines: readonly string[]): T {
  const line = lines.findLast((one) => one.startsWith("{"));
  if (!line) throw new Error(`the process printed no figures:\n${lines.join("\n")}`);
  return JSON.parse(line) as T;
}
