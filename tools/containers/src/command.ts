// Runs a program to completion. Returns its output, or throws an error with the last part of it.
import { spawn } from "node:child_process";

export interface CommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly withinMs: number;
}

const SAID_CHARS_MAX = 4000;

/** @returns its standard output. @throws Error when it fails, or takes longer than `withinMs` */
export async function command(
  program: string,
  args: readonly string[],
  { env = {}, cwd, withinMs }: CommandOptions,
): Promise<string> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
    stdio: ["ignore", "pipe", "pipe"],
    timeout: withinMs,
  });
  let [printed, said] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString();
    said = (said + chunk.toString()).slice(-SAID_CHARS_MAX);
  });
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_CHARS_MAX)));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (...how) => resolve(how));
  });
  if (code !== 0)
    throw new Error(
      `${program} ${args.slice(0, 3).join(" ")} … ended with ${code ?? `${signal} (limit ${withinMs} ms)`}:\n${said}`,
    );
  return printed;
}
