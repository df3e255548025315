// Follows the hints of all instances by reading new rows of the `changes` table. A hint only says which channel to read; the
// messages are then read by change number, and change numbers have no gaps.
import { type Database, Tail } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, retryForever } from "@muster/runtime";
import type { Tables } from "../schema.ts";
import type { Hint } from "../store/messages.ts";

export interface HintsOptions {
  readonly db: Database<Tables>;
  readonly everyMs: number;
  readonly log: Logger;
  onHints(hints: readonly Hint[]): void;
}

export interface Hints extends Component {
  /** Reads now instead of when it is next due. */
  wake(): void;
}

const PAGE_ROWS = 1000;

export function followHints(options: HintsOptions): Hints {
  const { db, everyMs, log, onHints } = options;
  const stop = new AbortController();
  const tail = new Tail<Tables, Hint>(db, {
    table: "changes",
    columns: ["position", "channel_id", "player_id"],
    pageRows: PAGE_ROWS,
  });
  let running: Promise<void> | undefined;
  let endSleep: (() => void) | undefined;
  let woken = false;

  const sleepUntilWoken = async (): Promise<void> => {
    if (woken || stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, everyMs);
      endSleep = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    endSleep = undefined;
  };

  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      woken = false;
      for (let more = true; more; ) {
        const hints = await tail.read();
        if (hints.length > 0) onHints(hints);
        more = hints.length === PAGE_ROWS;
      }
      await sleepUntilWoken();
    }
  };

  return {
    name: "hints",
    async start() {
      await tail.start();
      running = retryForever(follow, { name: "following the changes", stop: stop.signal, log });
    },
    async stop() {
      stop.abort();
      endSleep?.();
      await running;
    },
    wake() {
      woken = true;
      endSleep?.();
    },
  };
}
