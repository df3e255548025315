import type { Logger } from "@muster/log";
import { type Component, createLoop, sleep } from "@muster/runtime";

/** Deletes at most so many rows that have ended. @returns how many */
export type RetentionRule = (rowsMax: number) => Promise<number>;

const EVERY_MS = 10 * 60 * 1000;
const BATCH_ROWS = 1000;
/** Between two batches: others want the tables as well. */
const REST_MS = 50;

/** Follows each rule again and again, a batch at a time. */
export function createRetention(rules: readonly RetentionRule[], log: Logger): Component {
  return createLoop({ name: "housekeeping", log, maxDelayMs: 60_000 }, async (stop) => {
    for (const deleteBatch of rules)
      while (!stop.aborted && (await deleteBatch(BATCH_ROWS)) === BATCH_ROWS) await sleep(REST_MS, stop);
    await sleep(EVERY_MS, stop);
  });
}
