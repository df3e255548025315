import { flushCompileCache } from "node:module";
import { ConfigError, listeningVariables, unknownVariables } from "@muster/config";
import { createLogger, type Logger } from "@muster/log";
import type { App } from "@muster/runtime";
import type { ServiceConfig } from "./fields.ts";
import { type ListeningVariables, listenFailure } from "./listen-failure.ts";
import type { Service } from "./service.ts";

export interface ProcessOptions {
  readonly name: string;
  /** Reads the configuration; throws ConfigError. */
  readonly config: () => {
    readonly log: Logger;
    readonly stopWithinMs: number;
    /** Variables that look like this process's own and are not. */
    readonly unknownVariables?: readonly string[];
    /** Those with its hosts and ports: for a start that fails because one of them is taken. */
    readonly listening?: ListeningVariables;
  };
  readonly app: () => App;
  /** Default: those that the process was started with. */
  readonly arguments?: readonly string[];
}

const CHECK = "--check-config";

/** What a service's main.ts does: see runProcess. */
export async function runService<C extends ServiceConfig>(service: Service<C>): Promise<void> {
  const { name, configuration, createApp } = service;
  const { prefix, fields, read } = configuration;
  let config: C;
  await runProcess({
    name,
    config: () => {
      config = read(process.env);
      return {
        log: createLogger(name, config.logLevel),
        stopWithinMs: config.stopWithinMs,
        unknownVariables: unknownVariables(fields, process.env, prefix),
        listening: listeningVariables(fields, config, prefix),
      };
    },
    app: () => createApp(config),
  });
}

/**
 * The edge of every process: configuration, start, signals, bounded stop. SIGTERM or SIGINT drains; a second one, or
 * the deadline, ends the process at once. `--check-config` only checks. Exit codes: 0 stopped as asked, 1 failed,
 * 2 bad configuration or wrong usage, 3 did not stop in time.
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
  const asked = options.arguments ?? process.argv.slice(2);
  if (asked.some((argument) => argument !== CHECK)) return tellUsage(options.name, asked);
  let log: Logger;
  let stopWithinMs: number;
  let unknown: readonly string[];
  let listening: ListeningVariables;
  try {
    ({ log, stopWithinMs, unknownVariables: unknown = [], listening = {} } = options.config());
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    process.stderr.write(`${options.name}: ${err.message}\n`);
    process.exitCode = 2;
    return;
  }
  if (asked.includes(CHECK)) return reportConfigCheck(options.name, unknown);
  if (unknown.length > 0) log.warn({ variables: unknown }, "unknown environment variables: are they misspelt?");

  const crash = (err: unknown): void => {
    log.fatal({ err }, "unexpected failure; the process exits");
    process.exit(1);
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);

  const app = options.app();
  const stop = stopOnSignal(app, log, stopWithinMs);
  try {
    await app.start();
    log.info("started");
    // Node writes it when a process ends in good order; one that is killed is the one that must be back soon.
    flushCompileCache();
  } catch (err) {
    if (stop.requested()) return; // a signal during the start: the stop is under way
    const reason = listenFailure(err, listening);
    log.fatal(reason === undefined ? { err } : { reason }, "did not start");
    setTimeout(() => process.exit(1), stopWithinMs);
    await app.stop().catch((failure: unknown) => log.error({ err: failure }, "did not stop cleanly"));
    // What was built and not started is stopped by nobody, like a pool that has connected already: nothing waits for that.
    process.exit(1);
  }
}

function tellUsage(name: string, asked: readonly string[]): void {
  const usage = `usage: node src/main.ts [${CHECK}]\nEverything else is said by environment variables: the README of ${name} lists them.\n`;
  if (asked.includes("--help")) {
    process.stdout.write(usage);
    return;
  }
  process.stderr.write(`${name}: ${asked.find((argument) => argument !== CHECK)} is an unknown argument\n${usage}`);
  process.exitCode = 2;
}

function reportConfigCheck(name: string, unknown: readonly string[]): void {
  if (unknown.length === 0) {
    process.stdout.write(`${name}: the configuration is valid\n`);
    return;
  }
  process.stderr.write(`${name} would start, but does not know these variables: ${unknown.join(", ")}\n`);
  process.exitCode = 2;
}

function stopOnSignal(app: App, log: Logger, stopWithinMs: number): { requested(): boolean } {
  let requested = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (requested) {
      log.warn({ signal }, "second signal; the process exits at once");
      process.exit(3);
    }
    requested = true;
    log.info({ signal, stopWithinMs }, "stopping");
    setTimeout(() => {
      log.error({ stopWithinMs }, "did not stop in time; the process exits");
      process.exit(3);
    }, stopWithinMs).unref();
    app.stop().then(
      () => log.info("stopped"),
      (err: unknown) => {
        log.error({ err }, "did not stop cleanly");
        process.exitCode = 1;
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  return { requested: () => requested };
}
