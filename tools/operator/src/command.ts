import { printable } from "@muster/runtime";
import type { Environment } from "./environment.ts";

/** One sub-command of the operator's tool. It ends by itself; what it returns is the exit code. */
export interface Command {
  /** What follows the command's name, for the usage text. */
  readonly takes: string;
  readonly does: string;
  run(args: readonly string[], env: Environment): Promise<number>;
}

export function say(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}
