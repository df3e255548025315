import { collectedCounter, collectedGauge, type Metrics } from "@muster/runtime";
import { Counter, Histogram } from "prom-client";
import type { InputRefusal } from "./tick/input-rings.ts";
import type { SchedulerMetrics } from "./tick/scheduler.ts";

export interface ShardMetrics extends SchedulerMetrics {
  /** Once per input: a plain addition, since this is the hot path. */
  inputs(refusal: InputRefusal | undefined): void;
  readonly matchesOver: Counter<"outcome" | "reason">;
  readonly takenOver: Counter<"outcome">;
  readonly resultsStored: Counter;
  readonly resultsRefused: Counter<"code">;
  readonly resultRetries: Counter;
  readonly leaseRenewals: Counter<"outcome">;
  readonly leasesLost: Counter<"reason">;
  readonly unauthenticated: Counter;
}

export function createShardMetrics(
  registry: Metrics,
  matchesHeld: () => number,
  resultsPending: () => number,
  ticksPerSnapshot: () => number,
  overloaded: () => boolean,
): ShardMetrics {
  const registers = [registry];
  const late = new Histogram({
    name: "shard_tick_late_seconds",
    help: "Time from a tick's deadline to its start, measured once for each group of up to 150 matches that run one after another",
    buckets: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.25, 1],
    registers,
  });
  const skipped = new Counter({
    name: "shard_ticks_skipped_total",
    help: "Ticks skipped because the process could not keep up",
    registers,
  });
  const refused = new Counter({
    name: "shard_inputs_refused_total",
    help: "Inputs refused",
    labelNames: ["code"],
    registers,
  });
  let accepted = 0;
  collectedCounter(registry, "shard_inputs_accepted_total", "Inputs accepted", () => accepted);
  collectedGauge(registry, "shard_matches", "Matches held", matchesHeld);
  collectedGauge(
    registry,
    "shard_ticks_per_snapshot",
    "Ticks per snapshot; above 1 while ticks start late, to reduce the load",
    ticksPerSnapshot,
  );
  collectedGauge(
    registry,
    "shard_overloaded",
    "1 while the event loop is too busy, or ticks begin too late, for further matches: the matchmaker gives it none",
    () => Number(overloaded()),
  );
  collectedGauge(registry, "shard_results_pending", "Results on their way to match-service", resultsPending);
  return {
    lateMs: (ms) => late.observe(ms / 1000),
    skipped: (ticks) => skipped.inc(ticks),
    inputs(refusal) {
      if (refusal === undefined) accepted++;
      else refused.inc({ code: refusal });
    },
    unauthenticated: new Counter({
      name: "shard_links_unauthenticated_total",
      help: "Connections to the link port that did not authenticate as a gateway and were closed",
      registers,
    }),
    matchesOver: new Counter({
      name: "shard_matches_over_total",
      help: "Matches by how they ended",
      labelNames: ["outcome", "reason"],
      registers,
    }),
    takenOver: new Counter({
      name: "shard_matches_taken_over_total",
      help: "Matches of lost shards that this one took over: resumed, or lost because no input log restored the match",
      labelNames: ["outcome"],
      registers,
    }),
    resultsStored: new Counter({
      name: "shard_results_stored_total",
      help: "Results that match-service has stored",
      registers,
    }),
    resultsRefused: new Counter({
      name: "shard_results_refused_total",
      help: "Results that match-service refused permanently",
      labelNames: ["code"],
      registers,
    }),
    resultRetries: new Counter({
      name: "shard_result_retries_total",
      help: "Failed attempts to store a result",
      registers,
    }),
    leaseRenewals: new Counter({
      name: "shard_lease_renewals_total",
      help: "Calls to match-service that renew the leases of this shard's matches",
      labelNames: ["outcome"],
      registers,
    }),
    leasesLost: new Counter({
      name: "shard_leases_lost_total",
      help: "Matches of this shard that match-service reports to be over, with the reason, or held by another shard",
      labelNames: ["reason"],
      registers,
    }),
  };
}
