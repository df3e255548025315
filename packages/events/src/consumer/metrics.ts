import type { Metrics } from "@muster/runtime";
import { Counter, Gauge } from "prom-client";
import type { OpenLetters } from "./dlq.ts";
import type { FailureClass } from "./retry-policy.ts";

export type EventResult = "applied" | "duplicate" | "ignored" | "parked" | "retry_topic" | "dlq";

export interface ConsumerMetrics {
  handled(consumer: string, type: string, result: EventResult): void;
  failed(consumer: string, failure: FailureClass): void;
  retried(consumer: string, tier: string): void;
  /** @param firstAtMs when the first record came that the consumer is not done with; undefined when it is done with all */
  lag(consumer: string, partition: string, records: number, firstAtMs: number | undefined): void;
  resting(consumer: string, partition: string, rests: boolean): void;
  /** Read whenever the metrics are scraped. */
  watch(consumer: string, watched: Watched): void;
}

export interface Watched {
  /** Partitions that this process has, as "topic/partition"; undefined while it is not in its group. */
  assigned(): readonly string[] | undefined;
  readonly dlq: { readonly topic: string; readonly letters: OpenLetters };
  /** Of an ordered consumer. */
  readonly parked?: () => Promise<{ readonly retried: number; readonly dead: number }>;
}

/** Names that dashboards and alerts use: they do not change within a major version. Once per process, for all of its consumers. */
export function createConsumerMetrics(registry: Metrics, nowMs: () => number = Date.now): ConsumerMetrics {
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
  const watched = new Map<string, Watched>();
  const partitions = createPartitionGauges(registry, watched, nowMs);
  createDlqGauges(registry, watched, nowMs);
  createParkedGauge(registry, watched);
  return {
    handled(consumer, type, result) {
      events.inc({ consumer, type, result });
      if (result === "duplicate") duplicates.inc({ consumer });
    },
    failed: (consumer, failure) => failures.inc({ consumer, class: failure }),
    retried: (consumer, tier) => retries.inc({ consumer, tier }),
    ...partitions,
    watch: (consumer, what) => void watched.set(consumer, what),
  };
}

interface Partition {
  readonly consumer: string;
  readonly partition: string;
  records: number;
  firstAtMs: number | undefined;
  rests: boolean;
}

/** Of the partitions that this process has now: what it knew of others is another process's to say. */
function createPartitionGauges(
  registry: Metrics,
  watched: ReadonlyMap<string, Watched>,
  nowMs: () => number,
): Pick<ConsumerMetrics, "lag" | "resting"> {
  const known = new Map<string, Partition>();
  const of = (consumer: string, partition: string): Partition => {
    const id = `${consumer} ${partition}`;
    const found = known.get(id) ?? { consumer, partition, records: 0, firstAtMs: undefined, rests: false };
    known.set(id, found);
    return found;
  };
  const current = (): Partition[] => {
    for (const [id, { consumer, partition }] of known)
      if (!(watched.get(consumer)?.assigned() ?? []).includes(partition)) known.delete(id);
    return [...known.values()];
  };
  const gauge = (name: string, help: string, value: (partition: Partition) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["consumer", "partition"],
      registers: [registry],
      collect() {
        this.reset();
        for (const one of current()) this.set({ consumer: one.consumer, partition: one.partition }, value(one));
      },
    });
  };
  gauge(
    "consumer_lag_records",
    "Records of a partition that the consumer is not done with, as far as it has heard of them",
    ({ records }) => records,
  );
  gauge(
    "consumer_lag_seconds",
    "Age of the first record of a partition that the consumer is not done with; 0 when it is done with all",
    ({ firstAtMs }) => (firstAtMs === undefined ? 0 : Math.max(0, nowMs() - firstAtMs) / 1000),
  );
  gauge("consumer_paused", "1 while a partition rests because events cannot be applied", ({ rests }) => Number(rests));
  new Gauge({
    name: "consumer_partitions",
    help: "Partitions that this process has in its consumer group; 0 while it is not in the group",
    labelNames: ["consumer"],
    registers: [registry],
    collect() {
      for (const [consumer, { assigned }] of watched) this.set({ consumer }, assigned()?.length ?? 0);
    },
  });
  return {
    lag: (consumer, partition, records, firstAtMs) =>
      void Object.assign(of(consumer, partition), { records, firstAtMs }),
    resting: (consumer, partition, rests) => void Object.assign(of(consumer, partition), { rests }),
  };
}

/** By the member of the group that has the DLQ: no other process says anything of it. */
function createDlqGauges(registry: Metrics, watched: ReadonlyMap<string, Watched>, nowMs: () => number): void {
  const gauge = (name: string, help: string, value: (at: ReturnType<OpenLetters["at"]>) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["consumer"],
      registers: [registry],
      collect() {
        this.reset();
        for (const [consumer, { assigned, dlq }] of watched) {
          const own = (assigned() ?? []).filter((id) => id.slice(0, id.lastIndexOf("/")) === dlq.topic);
          dlq.letters.keepOnly(new Set(own.map((id) => Number(id.slice(id.lastIndexOf("/") + 1)))));
          if (own.length > 0) this.set({ consumer }, value(dlq.letters.at(nowMs())));
        }
      },
    });
  };
  gauge("dlq_depth", "Dead letters of a consumer that nobody has replayed or discarded", ({ depth }) => depth);
  gauge(
    "dlq_oldest_seconds",
    "Age of the oldest dead letter that nobody has replayed or discarded; 0 when there is none",
    ({ oldestSeconds }) => oldestSeconds,
  );
}

function createParkedGauge(registry: Metrics, watched: ReadonlyMap<string, Watched>): void {
  new Gauge({
    name: "parked_keys",
    help: "Keys whose events wait behind one that could not be applied: it is tried again (retried), or waits for an operator (dead)",
    labelNames: ["consumer", "state"],
    registers: [registry],
    async collect() {
      for (const [consumer, { parked }] of watched) {
        // While the database is away the last values stay.
        const counts = await parked?.().catch(() => undefined);
        if (!counts) continue;
        this.set({ consumer, state: "retried" }, counts.retried);
        this.set({ consumer, state: "dead" }, counts.dead);
      }
    },
  });
}
