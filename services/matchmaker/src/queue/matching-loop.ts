// When to run matching: soon after a change, and often enough that widening rating windows take effect. queue.ts decides who
// may play whom.
import type { Logger } from "@muster/log";
import type { Component } from "@muster/runtime";
import type { MatchmakerMetrics } from "../metrics.ts";
import { type PlacementOutcome, type PlacementParts, place } from "../placement/placement.ts";
import type { PausedQueues } from "./paused-queues.ts";
import { PlacementPace } from "../placement/placement-pace.ts";
import { winChance } from "./strength.ts";
import type { WaitingTicket } from "./waiting-ticket.ts";
import { timeSlice } from "./time-slice.ts";

const ROUND_EVERY_MS = 200;
/** Groups that a slice may begin to place: each takes some fifty microseconds. */
const GROUPS_PER_SLICE_MAX = 32;
const SLICE_MS = 5;
/** The rest after a pass, in multiples of its duration: at most a quarter of the process's time goes into passes. */
const REST_PER_PASS = 3;

export interface Matching extends Component {
  /** Something changed: look soon. */
  wake(): void;
}

export interface MatchingParts extends PlacementParts {
  readonly paused: Pick<PausedQueues, "look" | "isPaused">;
}

export function createMatching(parts: MatchingParts, metrics: MatchmakerMetrics, log: Logger): Matching {
  let timer: NodeJS.Timeout | undefined;
  let scheduled: { cancel(): void } | undefined;
  let passMs = 0;
  let restUntil = 0;
  const pace = new PlacementPace(() => performance.now(), Math.random);
  const running = new Set<Promise<void>>();

  const placeGroup = async (group: readonly WaitingTicket[]): Promise<void> => {
    const placementEnds = pace.begin();
    const outcome = await place(group, parts).catch((err): PlacementOutcome => {
      parts.tickets.putBack(group);
      log.error({ err }, "a placement failed; its players stay in the queue");
      return "failed";
    });
    placementEnds(outcome === "placed" || outcome === "failed" ? outcome : "neither");
    metrics.placements.inc({ outcome });
    if (outcome !== "placed") return;
    const [one, other, ...more] = group;
    if (one && other && more.length === 0) {
      const chance = winChance(one, other);
      metrics.favouriteChance.observe(Math.max(chance, 1 - chance));
    }
    for (const ticket of group) metrics.waited.observe((parts.now() - ticket.since) / 1000);
    look(); // others may have waited for its slot
  };

  /** One slice of a pass; the next one follows when other work of the event loop has had its turn. */
  const slice = (): void => {
    scheduled = undefined;
    if (!parts.tickets.midPass) parts.paused.look(parts.now());
    const groupsMax = Math.min(GROUPS_PER_SLICE_MAX, pace.room);
    if (parts.shards.size === 0 || groupsMax === 0) return; // nobody leaves the queue for nothing
    const startedAt = performance.now();
    const mayGoOn = timeSlice(() => performance.now(), SLICE_MS);
    const groups = parts.tickets.takeGroups(parts.now(), groupsMax, mayGoOn, (mode) => parts.paused.isPaused(mode));
    for (const group of groups) {
      const work = placeGroup(group).finally(() => running.delete(work));
      running.add(work);
    }
    const tookMs = performance.now() - startedAt;
    metrics.slice.observe(tookMs / 1000);
    passMs += tookMs;
    if (parts.tickets.midPass) return look();
    restUntil = performance.now() + passMs * REST_PER_PASS;
    passMs = 0;
  };

  /** Soon, but not at once after a long pass: a queue that changes all the time must leave time for everything else. */
  const look = (): void => {
    if (scheduled) return;
    const restMs = parts.tickets.midPass ? 0 : restUntil - performance.now();
    if (restMs <= 0) {
      const immediate = setImmediate(slice);
      scheduled = { cancel: () => clearImmediate(immediate) };
    } else {
      const timeout = setTimeout(slice, restMs);
      scheduled = { cancel: () => clearTimeout(timeout) };
    }
  };

  return {
    name: "matching",
    wake: look,
    async start() {
      timer = setInterval(look, ROUND_EVERY_MS);
    },
    async stop() {
      clearInterval(timer);
      scheduled?.cancel();
      await Promise.all(running);
    },
  };
}
