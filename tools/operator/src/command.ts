import type { Environment } from "./environment.ts";

/** One sub-command of the operator's tool. It ends by itself; what it returns is the exit code. */
export interface Command {
  /** What follows the command's name, for the usage text. */
  readonly takes: string;
  readonly does: string;
  run(args: readonly string[], env: Environment): Promise<number>;
}

/** The words after the command are not what it takes: its usage is printed, the exit code is 2. */
export class UsageError extends Error {}

/** Something that an operator can understand without a stack: printed as one line, the exit code is 1. */
export class OperatorError extends Error {}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
