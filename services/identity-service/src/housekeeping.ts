import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import { type AppPart, retryForever, sleep } from "@muster/runtime";
import type { Tables } from "./schema.ts";
import { deleteExpired, deleteOldFailures } from "./store/housekeeping.ts";
import { FAILURES_LAST_MS } from "./throttle.ts";

const EVERY_MS = 10 * 60 * 1000;
const BATCH_ROWS = 1000;
/** Ended sessions are kept for a while: a question from a player is easier to answer. */
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Deletes rows that have ended, a batch at a time. */
export function createHousekeeping(
  db: Database<Tables>,
  now: () => Date,
  log: Logger,
): AppPart & { run(): Promise<void> } {
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  const all = async (deleteBatch: () => Promise<number>): Promise<void> => {
    while (!stop.signal.aborted && (await deleteBatch()) === BATCH_ROWS) await sleep(50, stop.signal);
  };
  const run = async (): Promise<void> => {
    const keptFrom = new Date(now().getTime() - KEEP_MS);
    await all(() => deleteExpired(db, "refresh_tokens", keptFrom, BATCH_ROWS));
    await all(() => deleteExpired(db, "token_families", keptFrom, BATCH_ROWS));
    await all(() => deleteExpired(db, "revocations", now(), BATCH_ROWS));
    await all(() => deleteExpired(db, "spent_challenges", now(), BATCH_ROWS));
    await all(() => deleteOldFailures(db, new Date(now().getTime() - FAILURES_LAST_MS), BATCH_ROWS));
  };
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await run();
      await sleep(EVERY_MS, stop.signal);
    }
  };
  return {
    name: "housekeeping",
    run,
    async start() {
      running = retryForever(loop, { name: "deleting what has ended", stop: stop.signal, log, maxDelayMs: 60_000 });
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}
