import { flushCompileCache } from "node:module";
import { ConfigError } from "@muster/config";
import type { Logger } from "@muster/log";
import type { App } from "./parts.ts";

export interface ProcessOptions {
  readonly name: string;
  /** Reads the configuration; throws ConfigError. */
  readonly config: () => { readonly log: Logger; readonly stopWithinMs: number };
  readonly app: () => App;
}

/**
 * The edge of every process: configuration, start, signals, bounded stop. SIGTERM or SIGINT drains; a second one, or
 * the deadline, ends the process at once. `--check-config` only checks. Exit codes: 0 stopped as asked, 1 failed,
 * 2 bad configuration, 3 did not stop in time.
 */
export async function runProcess(options: ProcessOptions): Promise<void> {
  let log: Logger;
  let stopWithinMs: number;
  try {
    ({ log, stopWithinMs } = options.config());
  } catch (err) {
    if (!(err instanceof ConfigError)) throw err;
    process.stderr.write(`${options.name}: ${err.message}\n`);
    process.exitCode = 2;
    return;
  }
  if (process.argv.includes("--check-config")) {
    process.stdout.write(`${options.name}: the configuration is good\n`);
    return;
  }

  const crash = (err: unknown): void => {
    log.fatal({ err }, "unexpected failure, the process ends");
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
    log.fatal({ err }, "did not start");
    process.exitCode = 1;
    await app.stop();
  }
}

function stopOnSignal(app: App, log: Logger, stopWithinMs: number): { requested(): boolean } {
  let requested = false;
  const onSignal = (signal: NodeJS.Signals): void => {
    if (requested) {
      log.warn({ signal }, "second signal, the process ends at once");
      process.exit(3);
    }
    requested = true;
    log.info({ signal, stopWithinMs }, "stopping");
    setTimeout(() => {
      log.error({ stopWithinMs }, "did not stop in time, the process ends");
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
