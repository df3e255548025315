// What goes on beside the calls: rewinds that are requested, and changes that are added to the leaderboards' counts.
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, createLoop, sleep } from "@muster/runtime";
import type { RatingMetrics } from "./metrics.ts";
import { rewindMode } from "./rewind.ts";
import type { Tables } from "./schema.ts";
import { countChanges } from "./store/boards.ts";
import { listRewindModes } from "./store/results.ts";

/** Late events come in bursts, when a DLQ is replayed: they are one rewind. */
const REWIND_EVERY_MS = 1000;
const COUNT_EVERY_MS = 500;
const CHANGES_AT_ONCE = 5000;
const RETRY_MS_MAX = 5000;

interface Parts {
  readonly db: Database<Tables>;
  readonly log: Logger;
  readonly now: () => Date;
  readonly metrics: RatingMetrics;
}

export function createRewinder({ db, log, now, metrics }: Parts): Component {
  return createLoop({ name: "rewinds", log, maxDelayMs: RETRY_MS_MAX }, async (stop) => {
    for (const mode of await listRewindModes(db)) {
      if (stop.aborted) return;
      const startedAt = performance.now();
      const rewound = await rewindMode(db, mode, { now });
      const seconds = (performance.now() - startedAt) / 1000;
      metrics.rewound(rewound, seconds);
      log.info({ mode, ...rewound, seconds }, "results were computed again");
    }
    await sleep(REWIND_EVERY_MS, stop);
  });
}

export function createBoardCounter({ db, log }: Pick<Parts, "db" | "log">): Component {
  return createLoop({ name: "leaderboard counts", log, maxDelayMs: RETRY_MS_MAX }, async (stop) => {
    while (!stop.aborted && (await countChanges(db, CHANGES_AT_ONCE)) === CHANGES_AT_ONCE);
    await sleep(COUNT_EVERY_MS, stop);
  });
}
