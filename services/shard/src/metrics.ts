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
  readonly strangers: Counter;
}

export function createShardMetrics(
  registry: Metrics,
  matchesHeld: () => number,
  resultsPending: () => number,
  ticksPerSnapshot: () => number,
): ShardMetrics {
  const registers = [registry];
  const late = new Histogram({
    name: "shard_tick_late_seconds",
    help: "From a tick's deadline to its start, once for 150 matches or fewer that run one after the other",
    buckets: [0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.033, 0.066, 0.25, 1],
    registers,
  });
  const skipped = new Counter({
    name: "shard_ticks_skipped_total",
    help: "Ticks given up because the process could not keep up",
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
    "Ticks that one snapshot shows: above 1 while ticks begin late, so that they need not",
    ticksPerSnapshot,
  );
  collectedGauge(registry, "shard_results_pending", "Results on their way to match-service", resultsPending);
  return {
    lateMs: (ms) => late.observe(ms / 1000),
    skipped: (ticks) => skipped.inc(ticks),
    inputs(refusal) {
      if (refusal === undefined) accepted++;
      else refused.inc({ code: refusal });
    },
    strangers: new Counter({
      name: "shard_link_strangers_total",
      help: "Connections to the link port that did not prove to be a gateway's, and were cut",
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
      help: "Matches of lost shards that this one took over: resumed, or lost because no log fitted",
      labelNames: ["outcome"],
      registers,
    }),
    resultsStored: new Counter({
      name: "shard_results_stored_total",
      help: "Results that match-service has",
      registers,
    }),
    resultsRefused: new Counter({
      name: "shard_results_refused_total",
      help: "Results refused for good",
      labelNames: ["code"],
      registers,
    }),
    resultRetries: new Counter({
      name: "shard_result_retries_total",
      help: "Tries to store a result that failed",
      registers,
    }),
    leaseRenewals: new Counter({
      name: "shard_lease_renewals_total",
      help: "Calls that tell match-service which matches are held here",
      labelNames: ["outcome"],
      registers,
    }),
    leasesLost: new Counter({
      name: "shard_leases_lost_total",
      help: "Matches held here that match-service says are over, and why, or another shard's",
      labelNames: ["reason"],
      registers,
    }),
  };
}
