// A child process that is started again when it ends by itself: the crash of one never takes another down, and a
// local system mends itself as a cluster would.
import { type Child, type ChildOptions, spawnChild } from "./child.ts";

const FIRST_DELAY_MS = 500;
const DELAY_MS_MAX = 10_000;
/** After this long it counts as healthy, and the delay starts over. */
const HEALTHY_AFTER_MS = 10_000;

export interface Supervised {
  readonly pid: number;
  /** Ends it and starts it anew at once. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export function supervise(options: ChildOptions, say: (text: string) => void): Supervised {
  let child: Child;
  let stopping = false;
  let restarting = false;
  let delayMs = FIRST_DELAY_MS;
  let timer: NodeJS.Timeout | undefined;

  const start = (): void => {
    const startedAt = performance.now();
    const onExit = (how: string): void => {
      if (stopping || restarting) return;
      if (performance.now() - startedAt > HEALTHY_AFTER_MS) delayMs = FIRST_DELAY_MS;
      say(`${options.name} ${how}; starting it again in ${delayMs} ms`);
      timer = setTimeout(start, delayMs);
      delayMs = Math.min(delayMs * 2, DELAY_MS_MAX);
    };
    child = spawnChild({ ...options, onExit });
  };
  start();

  return {
    get pid() {
      return child.pid;
    },
    async restart() {
      if (restarting || stopping) return;
      restarting = true;
      clearTimeout(timer);
      await child.stop();
      restarting = false;
      delayMs = FIRST_DELAY_MS;
      if (!stopping) start();
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await child.stop();
    },
  };
}
