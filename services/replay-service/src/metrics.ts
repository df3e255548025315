// Every instrument of replay-service. Those of outbox and consumers are in packages/events.
import type { Database } from "@muster/db";
import type { Metrics } from "@muster/runtime";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Outcome } from "./replays.ts";
import type { Tables } from "./schema.ts";
import { COUNTED_MAX, countPendingEffects, countUndecided, countWaiting, secondsOfOldest } from "./store/counts.ts";

export interface ReplayMetrics {
  judged(outcome: Outcome): void;
  simulated(outcome: Outcome, seconds: number): void;
}

/** Names that dashboards and alerts use: they do not change within a major version. */
export function createReplayMetrics(registry: Metrics, db: Database<Tables>, threads: () => number): ReplayMetrics {
  const registers = [registry];
  const verdicts = new Counter({
    name: "replay_verdicts_total",
    help: "Verdicts on matches, by what they rest on",
    labelNames: ["verdict", "reason"],
    registers,
  });
  const duration = new Histogram({
    name: "replay_verification_seconds",
    help: "How long it took to fetch and simulate a match again",
    labelNames: ["verdict"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers,
  });
  asked(
    registry,
    "replay_verification_backlog",
    `Matches that wait for their verification or are under way; at most ${COUNTED_MAX} are counted`,
    () => countWaiting(db),
  );
  asked(
    registry,
    "replay_verification_oldest_seconds",
    "For how long the oldest match has waited for its verification; 0 when none waits",
    () => secondsOfOldest(db),
  );
  asked(registry, "replay_suspect_undecided", "Suspect matches on which no operator has decided", () =>
    countUndecided(db),
  );
  asked(
    registry,
    "replay_rating_effects_pending",
    "Matches that rating-service has not yet taken out or put back",
    () => countPendingEffects(db),
  );
  new Gauge({
    name: "replay_threads",
    help: "Threads that simulate matches, or wait for one",
    registers,
    collect() {
      this.set(threads());
    },
  });
  for (const [verdict, reason] of [
    ["verified", "same_result"],
    ["suspect", "state_hash_differs"],
    ["unverifiable", "timeout"],
  ] as const)
    verdicts.inc({ verdict, reason }, 0);
  return {
    judged: ({ verdict, reason }) => verdicts.inc({ verdict, reason }),
    simulated: ({ verdict }, seconds) => duration.observe({ verdict }, seconds),
  };
}

/** While the database is away the last value stays. */
function asked(registry: Metrics, name: string, help: string, value: () => Promise<number>): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () =>
      value().then(
        (n) => gauge.set(n),
        () => undefined,
      ),
  });
}
