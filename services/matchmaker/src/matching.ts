// When to look at the queues: soon after a change, and often enough that widening windows are noticed.
import type { Logger } from "@muster/log";
import type { AppPart } from "@muster/runtime";
import type { MatchmakerMetrics } from "./metrics.ts";
import { type PlacementParts, place } from "./placement.ts";

const ROUND_EVERY_MS = 200;
/** Groups that are being placed at once; the rest stays in the queue for the next round. */
const PLACEMENTS_MAX = 256;

export interface Matching extends AppPart {
  /** Something changed: look soon. */
  poke(): void;
}

export function createMatching(parts: PlacementParts, metrics: MatchmakerMetrics, log: Logger): Matching {
  let timer: NodeJS.Timeout | undefined;
  let poked = false;
  let placing = 0;
  const running = new Set<Promise<void>>();

  const placeGroup = async (group: Parameters<typeof place>[0]): Promise<void> => {
    placing++;
    try {
      const outcome = await place(group, parts);
      metrics.placements.inc({ outcome });
      if (outcome === "placed") for (const ticket of group) metrics.waited.observe((parts.now() - ticket.since) / 1000);
    } catch (err) {
      parts.tickets.putBack(group);
      log.error({ err }, "a placement failed, its players wait on");
    } finally {
      placing--;
    }
  };

  const round = (): void => {
    poked = false;
    if (parts.shards.size === 0 || placing >= PLACEMENTS_MAX) return; // nobody leaves the queue for nothing
    for (const group of parts.tickets.takeGroups(parts.now(), PLACEMENTS_MAX - placing)) {
      const work = placeGroup(group).finally(() => running.delete(work));
      running.add(work);
    }
  };

  return {
    name: "matching",
    poke() {
      if (poked) return;
      poked = true;
      setImmediate(round);
    },
    async start() {
      timer = setInterval(round, ROUND_EVERY_MS);
    },
    async stop() {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}
