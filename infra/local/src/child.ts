import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { waitForPort } from "./ports.ts";

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly onLine: (line: string) => void;
  /** Called once, with a description of how it ended. */
  readonly onExit?: (how: string) => void;
}

export interface Child {
  readonly name: string;
  readonly pid: number;
  /** Resolves with a description of how it ended. */
  readonly exited: Promise<string>;
  readonly running: boolean;
  /** How it ended; undefined while it runs. */
  readonly ended: string | undefined;
  kill(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after `killAfterMs`. Resolves when it is gone. */
  stop(killAfterMs?: number): Promise<void>;
}

/** util-linux: a child gets SIGTERM even when we are killed with SIGKILL, so that nothing is ever left behind. */
const setpriv = spawnSync("setpriv", ["--pdeathsig", "TERM", "true"], { stdio: "ignore" }).status === 0;

/** Starts a process in a group of its own, so that Ctrl-C reaches it through us only, once and in order. */
export function spawnChild(options: ChildOptions): Child {
  const [command, args] = setpriv
    ? ["setpriv", ["--pdeathsig", "TERM", options.command, ...options.args]]
    : [options.command, [...options.args]];
  const child: ChildProcess = spawn(command, args, {
    cwd: options.cwd,
    env: options.env as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) createInterface({ input: stream }).on("line", options.onLine);
  }
  let ended: string | undefined;
  const { promise: exited, resolve } = Promise.withResolvers<string>();
  const onExit = (how: string): void => {
    if (ended !== undefined) return;
    ended = how;
    options.onExit?.(how);
    resolve(how);
  };
  child.once("error", (err) => onExit(`could not be started: ${err.message}`));
  child.once("exit", (code, signal) => onExit(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  const running = (): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    name: options.name,
    pid: child.pid ?? -1,
    exited,
    get running() {
      return running();
    },
    get ended() {
      return ended;
    },
    kill(signal) {
      if (running()) child.kill(signal);
    },
    async stop(killAfterMs = 15_000) {
      if (!running()) return;
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), killAfterMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

const SAID_LINES = 40;

/** A child that listens on the port. @throws Error with what it said when it does not within `withinMs`, or ends; it is stopped then */
export async function spawnListening(
  { port, withinMs }: { readonly port: number; readonly withinMs: number },
  options: Omit<ChildOptions, "onLine"> & { readonly onLine?: (line: string) => void },
): Promise<Child> {
  const said: string[] = [];
  const child = spawnChild({
    ...options,
    onLine: (line) => {
      said.push(line);
      if (said.length > SAID_LINES) said.shift();
      options.onLine?.(line);
    },
  });
  try {
    await waitForPort(port, withinMs, () => child.ended);
    return child;
  } catch (err) {
    await child.stop();
    throw new Error(`${options.name}: ${(err as Error).message}; its output:\n${said.join("\n")}`, { cause: err });
  }
}
