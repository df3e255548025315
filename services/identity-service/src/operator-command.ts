import type { Environment } from "@muster/config";
import type { Database } from "@muster/db";
import type { Tables } from "./schema.ts";

/** @returns the problem; undefined when all is well */
export type Command = (parts: CommandParts, args: readonly string[]) => Promise<string | undefined>;

export interface CommandParts {
  readonly db: Database<Tables>;
  readonly env: Environment;
  readonly out: Output;
}

/** Where the lines go. */
export interface Output {
  log(line: string): void;
  error(line: string): void;
}

/** What was asked for does not fit the usage: `takes` says what does. */
export class UsageError extends Error {
  readonly takes: string;
  constructor(message: string, takes: string) {
    super(message);
    this.takes = takes;
  }
}
