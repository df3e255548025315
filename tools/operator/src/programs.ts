// Other programs with the installation's environment: the project's own Node, and those of MariaDB.
import { spawn } from "node:child_process";
import path from "node:path";
import { databaseServices, databaseVariable, paths } from "@muster/local";
import type { Command } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import { type Environment, variable } from "./environment.ts";

export const run: Command = {
  takes: "PROGRAM ARGUMENT…",
  does: "Runs a program with the environment of the installation; `node` is the project's own Node.",
  async run([program, ...args], env) {
    if (program === undefined) throw new UsageError("a program is missing");
    return await exitCodeOf(program, args, env);
  },
};

export const dlq: Command = {
  takes: "COMMAND CONSUMER …",
  does: "Lists, shows, replays and discards the events that a consumer could not apply; the same as scripts/dlq.sh, whose --help has all of it.",
  run: (args, env) => exitCodeOf("node", [path.join(paths.root, "tools/dlq/src/main.ts"), ...args], env),
};

export const migrate: Command = {
  takes: "",
  does: "Migrates the tables of all services to this release. You can run it again safely; run it before you start the new release.",
  async run(args, env) {
    if (args.length > 0) throw new UsageError("this command takes no arguments");
    for (const row of databaseServices()) {
      variable(env, databaseVariable(row));
      const code = await exitCodeOf("node", ["src/migrate.ts"], env, serviceFolder(row.name));
      if (code !== 0) return code;
    }
    return 0;
  },
};

/** A service's own tool knows its tables. */
export function serviceCommand(
  service: "identity-service" | "chat-service" | "rating-service" | "replay-service" | "match-service",
  name: string,
  takes: string,
  does: string,
): Command {
  const row = databaseServices().find((one) => one.name === service);
  return {
    takes,
    does,
    async run(args, env) {
      if (row) variable(env, databaseVariable(row));
      return await exitCodeOf("node", ["src/operator.ts", name, ...args], env, serviceFolder(service));
    },
  };
}

export function exitCodeOf(
  program: string,
  args: readonly string[],
  env: Environment,
  cwd: string = process.cwd(),
): Promise<number> {
  const bin = path.join(paths.root, "node_modules/.bin");
  const child = spawn(program, args, {
    cwd,
    env: { ...env.variables, PATH: `${bin}:${process.env["PATH"] ?? ""}:/usr/sbin` },
    stdio: "inherit",
  });
  // Who ends this command means the program.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once("error", (err) => reject(new OperatorError(`${program} cannot be started: ${err.message}`)));
    child.once("exit", (code) => resolve(code ?? 1));
  });
}

function serviceFolder(service: string): string {
  return path.join(paths.root, "services", service);
}
