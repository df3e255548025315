// The commands that an operator runs directly on a service's database: `node src/operator.ts COMMAND …` in its folder.
import { configOrExit, type Environment } from "@muster/config";
import { createDatabase, type Database, faultOfDatabase, poolFigures } from "@muster/db";
import { DEPENDENCIES } from "@muster/resilience";
import { printable } from "@muster/runtime";
import type { DatabaseConfiguration } from "./database-fields.ts";

/** @returns the problem; undefined when all is well */
export type Command<Tables> = (parts: CommandParts<Tables>, args: readonly string[]) => Promise<string | undefined>;

export interface CommandParts<Tables> {
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

export interface OperatorCommands<Tables> {
  readonly usage: string;
  readonly configuration: Pick<DatabaseConfiguration<unknown>, "readDatabase">;
  readonly commands: Readonly<Record<string, Command<Tables>>>;
}

/** @returns the exit code: 0 done, or all is well; 1 it failed, or nothing was found; 2 wrong usage */
export async function runOperatorCommand<Tables>(
  { usage, configuration, commands }: OperatorCommands<Tables>,
  [name = "", ...args]: readonly string[],
  env: Environment,
  given: Output = console,
): Promise<number> {
  const out: Output = {
    log: (line) => given.log(printable(line)),
    error: (line) => given.error(printable(line)),
  };
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) {
    out.error(usage);
    return 2;
  }
  const config = configOrExit("operator", () => configuration.readDatabase(env));
  const database = createDatabase<Tables>({
    url: config.dbUrl,
    dependency: poolFigures(DEPENDENCIES["operator's commands"].mariadb.statements, config),
  });
  try {
    const problem = await command({ db: database.db, env, out }, args);
    if (problem !== undefined) out.error(problem);
    return problem === undefined ? 0 : 1;
  } catch (err) {
    if (err instanceof UsageError) {
      out.error(`${err.message}\n\nusage: ${name} ${err.takes}`);
      return 2;
    }
    const fault = faultOfDatabase(err);
    if (fault === undefined) throw err;
    out.error(`the database at ${new URL(config.dbUrl).host} cannot be used: ${fault}`);
    return 1;
  } finally {
    await database.stop();
  }
}
