// Both ends of rating-service on Kafka: it consumes results, and its outbox is published.
import type { Database } from "@muster/db";
import {
  type AnyEvent,
  brokerOf,
  consumerTopics,
  createConsumerMetrics,
  createEventConsumer,
  decodeOnly,
  publishOutbox,
  type Publishing,
  rowEncoder,
  SUBSCRIPTIONS,
} from "@muster/events";
import type { Component } from "@muster/runtime";
import type { ServiceContext } from "@muster/service";
import { applyResult } from "./apply.ts";
import type { Config } from "./config.ts";
import { erasePlayer } from "./erase.ts";
import { resultOf, SOURCE } from "./events.ts";
import type { RatingMetrics } from "./metrics.ts";
import type { Tables } from "./schema.ts";

const SUBSCRIPTION = SUBSCRIPTIONS["rating-service"];

export interface KafkaParts extends Pick<ServiceContext<Config>, "config" | "log" | "now" | "metrics" | "instanceId"> {
  readonly db: Database<Tables>;
  readonly ratingMetrics: RatingMetrics;
}

/** Without brokers, results wait in match-service's outbox and events in ours. */
export function createKafkaParts(parts: KafkaParts): Publishing {
  const { config, db, log, now, metrics, ratingMetrics, instanceId } = parts;
  const broker = brokerOf(config, SUBSCRIPTION.consumer, log);
  const encode = rowEncoder({ source: SOURCE, region: undefined });
  const publishing = publishOutbox({ db, broker, encode, owner: instanceId, metrics, log });
  if (!broker) return publishing;
  const consumerMetrics = createConsumerMetrics(metrics);
  const started: Component[] = [];
  const consumer: Component = {
    name: "results of matches, and erasures",
    async start() {
      const producer = (await broker).producer();
      const consuming = createEventConsumer<Tables, AnyEvent<"match.ended" | "player.erased">>({
        db,
        broker: await broker,
        producer,
        name: SUBSCRIPTION.consumer,
        topics: consumerTopics(SUBSCRIPTION),
        order: SUBSCRIPTION.order,
        decode: decodeOnly("match.ended", "player.erased"),
        async apply(event, tx) {
          if (event.type === "player.erased") await erasePlayer(tx, event.data.playerId, new Date(event.data.erasedAt));
          else ratingMetrics.result(await applyResult(tx, resultOf(event), now()));
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
