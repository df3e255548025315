// Both ends of replay-service on Kafka: it consumes ended matches, and its outbox is published.
import type { Database } from "@muster/db";
import {
  brokerOf,
  consumerTopics,
  createConsumerMetrics,
  createEventConsumer,
  decodeOnly,
  type EventOf,
  publishOutbox,
  type Publishing,
  rowEncoder,
  SUBSCRIPTIONS,
} from "@muster/events";
import type { Component } from "@muster/runtime";
import type { ServiceContext } from "@muster/service";
import type { Config } from "./config.ts";
import { SOURCE } from "./events.ts";
import type { ReplayMetrics } from "./metrics.ts";
import type { Tables } from "./schema.ts";
import { takeIn } from "./take-in.ts";

const SUBSCRIPTION = SUBSCRIPTIONS["replay-service"];

export interface KafkaParts extends Pick<ServiceContext<Config>, "config" | "log" | "now" | "metrics" | "instanceId"> {
  readonly db: Database<Tables>;
  readonly replayMetrics: ReplayMetrics;
}

/** Without brokers, ended matches wait in match-service's outbox and events in ours. */
export function createKafkaParts(parts: KafkaParts): Publishing {
  const { config, db, log, now, metrics, replayMetrics, instanceId } = parts;
  const broker = brokerOf(config, SUBSCRIPTION.consumer, log);
  const encode = rowEncoder({ source: SOURCE, region: undefined });
  const publishing = publishOutbox({ db, broker, encode, owner: instanceId, metrics, log });
  if (!broker) return publishing;
  const consumerMetrics = createConsumerMetrics(metrics);
  const started: Component[] = [];
  const consumer: Component = {
    name: "ended matches",
    async start() {
      const producer = (await broker).producer();
      const consuming = createEventConsumer<Tables, EventOf<"match.ended">>({
        db,
        broker: await broker,
        producer,
        name: SUBSCRIPTION.consumer,
        topics: consumerTopics(SUBSCRIPTION),
        order: SUBSCRIPTION.order,
        decode: decodeOnly("match.ended"),
        async apply(event, tx) {
          const outcome = await takeIn(tx, event, now());
          if (outcome) replayMetrics.judged(outcome);
        },
        metrics: consumerMetrics,
        log,
      });
      started.push(producer, consuming);
      for (const component of started) await component.start?.();
    },
    async stop() {
      for (const component of started.toReversed()) await component.stop?.();
    },
  };
  return { ...publishing, components: [...publishing.components, consumer] };
}
