// A child process that is restarted when it ends by itself: a crash never takes another process down, and a local system
// recovers as a cluster would.
import { type Child, type ChildOptions, spawnChild } from "./child.ts";
import { readLogLine } from "./log-lines.ts";
import { forget, remember } from "./run-records.ts";

/** The first time at once; then longer and longer. */
const DELAYS_MS = [0, 250, 500, 1000, 2000, 5000, 10_000];
/** After this long it counts as healthy, and the delays start over. */
const HEALTHY_AFTER_MS = 10_000;
/** A bad configuration stays one: see packages/service/src/run-service.ts. */
const PERMANENT = "ended with exit code 2";
const TAIL_LINES = 12;
/** A line of a stack that says nothing of ours; enough of them would hide what failed, which is said before them. */
const OF_NODE = /^\s+at .*\(?node:/;

export interface SuperviseOptions extends ChildOptions {
  /** Before every start but the first: clears what the one before may have left. While it fails, it is tried again. */
  readonly prepare?: () => Promise<void>;
  /** It ended for a reason that a restart would not fix; it is not restarted. */
  readonly onGivenUp?: (why: string) => void;
}

export interface Supervised {
  readonly pid: number;
  /** How it ended the last time; undefined while it runs. */
  readonly ended: string | undefined;
  /** Its last output. */
  tail(): string;
  /** Ends it and starts it anew at once. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function supervise(options: SuperviseOptions, say: (text: string) => void): Supervised {
  const { name } = options;
  const lines: string[] = [];
  const tail = (): string => lines.map((line) => readLogLine(line).text.slice(0, 1000).replace(/^/gm, "  ")).join("\n");
  let child: Child | undefined;
  let stopping = false;
  let restarting = false;
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  /** A prepared start happens only if no other start or stop has begun meanwhile. */
  let turn = 0;

  const onLine = (line: string): void => {
    if (!OF_NODE.test(line)) lines.push(line);
    if (lines.length > TAIL_LINES) lines.shift();
    options.onLine(line);
  };
  const start = (): void => {
    const startedAt = performance.now();
    const onExit = (how: string): void => {
      if (stopping || restarting) return;
      if (how === PERMANENT) {
        say(`${name} ${how}; restarting would not help. Its last output:\n${tail()}`);
        options.onGivenUp?.(how);
        return;
      }
      const early = performance.now() - startedAt < HEALTHY_AFTER_MS;
      if (!early) failures = 0;
      say(`${name} ${how}; restarting ${startLater()}`);
      if (early && lines.length > 0) say(`last output of ${name}:\n${tail()}`);
    };
    child = spawnChild({ ...options, onLine, onExit });
    try {
      remember(name, child.pid);
    } catch (err) {
      say(
        `${name} is running, but could not be recorded, so the next start cannot end what it leaves behind: ${String(err)}`,
      );
    }
  };
  /** @returns when, in words */
  const startLater = (): string => {
    const delayMs = DELAYS_MS[Math.min(failures++, DELAYS_MS.length - 1)] as number;
    timer = setTimeout(() => void again(), delayMs);
    return delayMs === 0 ? "now" : `in ${delayMs} ms`;
  };
  const again = async (): Promise<void> => {
    const mine = ++turn;
    try {
      await options.prepare?.();
    } catch (err) {
      if (mine === turn) say(`${name} could not be started: ${String(err)}; retrying ${startLater()}`);
      return;
    }
    if (mine === turn) start();
  };
  start();

  return {
    get pid() {
      return child?.pid ?? -1;
    },
    get ended() {
      return child?.ended;
    },
    tail,
    async restart() {
      if (restarting || stopping) return;
      restarting = true;
      turn++;
      clearTimeout(timer);
      await child?.stop();
      restarting = false;
      failures = 0;
      if (!stopping) await again();
    },
    async stop() {
      stopping = true;
      turn++;
      clearTimeout(timer);
      await child?.stop();
      forget(name);
    },
  };
}
