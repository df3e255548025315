import type { Metrics } from "@muster/runtime";
import { Counter, Gauge } from "prom-client";
import type { FailureClass } from "./retry-policy.ts";

export type EventResult = "applied" | "duplicate" | "ignored" | "parked" | "retry_topic" | "dlq";

export interface ConsumerMetrics {
  handled(consumer: string, type: string, result: EventResult): void;
  failed(consumer: string, failure: FailureClass): void;
  retried(consumer: string, tier: string): void;
  lag(consumer: string, partition: string, records: number, seconds: number): void;
  resting(consumer: string, partition: string, rests: boolean): void;
  unassigned(consumer: string): void;
}

/** Names that dashboards and alerts use: they do not change within a major version. Once per process, for all of its consumers. */
export function createConsumerMetrics(registry: Metrics): ConsumerMetrics {
  const registers = [registry];
  const events = new Counter({
    name: "consumer_events_total",
    help: "Events that a consumer is done with, by what became of them",
    labelNames: ["consumer", "type", "result"],
    registers,
  });
  const failures = new Counter({
    name: "consumer_failures_total",
    help: "Attempts to apply an event that failed, by why",
    labelNames: ["consumer", "class"],
    registers,
  });
  const retries = new Counter({
    name: "retry_total",
    help: "Further attempts to apply an event, by where they are made: in place, from the parked events, or a retry topic",
    labelNames: ["consumer", "tier"],
    registers,
  });
  const duplicates = new Counter({
    name: "inbox_duplicates_total",
    help: "Events that came again after they had been applied",
    labelNames: ["consumer"],
    registers,
  });
  const lagRecords = new Gauge({
    name: "consumer_lag_records",
    help: "Records of a partition that the consumer is not done with",
    labelNames: ["consumer", "partition"],
    registers,
  });
  const lagSeconds = new Gauge({
    name: "consumer_lag_seconds",
    help: "Age of the first record of a partition that the consumer is not done with; 0 when it is done with all",
    labelNames: ["consumer", "partition"],
    registers,
  });
  const rests = new Gauge({
    name: "consumer_paused",
    help: "1 while a partition rests because events cannot be applied",
    labelNames: ["consumer", "partition"],
    registers,
  });
  return {
    handled(consumer, type, result) {
      events.inc({ consumer, type, result });
      if (result === "duplicate") duplicates.inc({ consumer });
    },
    failed: (consumer, failure) => failures.inc({ consumer, class: failure }),
    retried: (consumer, tier) => retries.inc({ consumer, tier }),
    lag(consumer, partition, records, seconds) {
      lagRecords.set({ consumer, partition }, records);
      lagSeconds.set({ consumer, partition }, seconds);
    },
    resting: (consumer, partition, resting) => rests.set({ consumer, partition }, resting ? 1 : 0),
    unassigned() {
      for (const gauge of [lagRecords, lagSeconds, rests]) gauge.reset();
    },
  };
}
