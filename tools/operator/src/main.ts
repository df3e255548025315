// The operator's tool: scripts/operator.sh [--env-file FILE]… COMMAND …
import type { Command } from "./command.ts";
import { say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import { COMMANDS } from "./commands.ts";
import { readEnvironment } from "./environment.ts";

// `| head` has heard enough: no fault.
process.stdout.on("error", (err: NodeJS.ErrnoException) => {
  if (err.code !== "EPIPE") throw err;
});
process.exitCode = await main(process.argv.slice(2));

async function main(words: readonly string[]): Promise<number> {
  const files: string[] = [];
  let rest = [...words];
  while (rest[0] === "--env-file") {
    if (!rest[1]) {
      console.error("--env-file takes a file");
      return 2;
    }
    files.push(rest[1]);
    rest = rest.slice(2);
  }
  const [name, ...args] = rest;
  if (name === "--help" || name === "-h" || name === "help") {
    say(usage());
    return 0;
  }
  const command = name !== undefined && Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const why = name === undefined ? "which command?" : `there is no command ${name}`;
    console.error(
      `${why}\n\nCommands: ${Object.keys(COMMANDS).join(", ")}. scripts/operator.sh --help describes them.`,
    );
    return 2;
  }
  if (args[0] === "--help") {
    say(usageOf(name as string, command));
    return 0;
  }
  return await run(name as string, command, args, files);
}

async function run(name: string, command: Command, args: readonly string[], files: readonly string[]): Promise<number> {
  try {
    return await command.run(args, readEnvironment(files, process.env));
  } catch (err) {
    const badOption = String((err as { code?: unknown }).code).startsWith("ERR_PARSE_ARGS");
    if (err instanceof UsageError || badOption) {
      console.error(`${(err as Error).message}\n\n${usageOf(name, command)}`);
      return 2;
    }
    if (!(err instanceof OperatorError)) console.error(err);
    else console.error(`operator.sh ${name}: ${err.message}`);
    return 1;
  }
}

function usage(): string {
  const lines = Object.entries(COMMANDS).map(
    ([name, { takes, does }]) => `  ${`${name} ${takes}`.trim()}\n      ${does}`,
  );
  return `usage: scripts/operator.sh [--env-file FILE]… COMMAND …

Without --env-file, and without *_DB_URL in the shell, it uses the local system of this checkout (.muster/, or
MUSTER_HOME). Exit code 0: success, everything is well; 1: it failed, or something is not well; 2: wrong usage.

${lines.join("\n")}`;
}

function usageOf(name: string, { takes, does }: Command): string {
  return `usage: scripts/operator.sh [--env-file FILE]… ${`${name} ${takes}`.trim()}\n\n${does}`;
}
