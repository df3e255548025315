// Both ends of rating-service on Kafka: it consumes results, and its outbox is relayed.
import type { Database } from "@muster/db";
import {
  createConsumerMetrics,
  createEventConsumer,
  createKafkaJsBroker,
  createRelay,
  createRelayMetrics,
  deadLetterTopic,
  EVENTS,
  type EventType,
  type OutboxRow,
  recordOf,
  RETRY_DELAYS,
  retryTopics,
  RETRY_POLICY,
  type Subscription,
} from "@muster/events";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import type { Config } from "./config.ts";
import { applyResult } from "./apply.ts";
import { decodeMatchEvent, type MatchEvent, resultOf, SOURCE } from "./events.ts";
import type { RatingMetrics } from "./metrics.ts";
import type { Tables } from "./schema.ts";

/** Of its group, its topics and its rows in the inbox: it never changes. */
export const CONSUMER = "rating-service";

const { topic: MATCHES } = EVENTS["match.ended"];

/** Unordered: the fold puts results in order itself. */
export const SUBSCRIPTION: Subscription = { consumer: CONSUMER, topic: MATCHES, ordered: false };

export interface KafkaParts {
  readonly config: Pick<
    Config,
    "kafkaBrokers" | "kafkaTls" | "kafkaSaslMechanism" | "kafkaSaslUsername" | "kafkaSaslPassword"
  >;
  readonly db: Database<Tables>;
  readonly log: Logger;
  readonly now: () => Date;
  readonly metrics: Metrics;
  readonly ratingMetrics: RatingMetrics;
  readonly instanceId: string;
}

/** Nothing without brokers: results wait in match-service's outbox, and events in ours. */
export function createKafkaComponents(parts: KafkaParts): Component[] {
  const { config, db, log, now, metrics, ratingMetrics, instanceId } = parts;
  const brokers = config.kafkaBrokers.split(",").filter((one) => one !== "");
  if (brokers.length === 0) {
    log.warn("no Kafka is configured: ratings stay as they are");
    return [];
  }
  const {
    kafkaTls: tls,
    kafkaSaslMechanism: mechanism,
    kafkaSaslUsername: username,
    kafkaSaslPassword: password,
  } = config;
  const sasl = mechanism === "none" ? {} : { sasl: { mechanism, username, password } };
  const broker = createKafkaJsBroker({ brokers, clientId: CONSUMER, tls, ...sasl }, log);
  const producer = broker.producer();
  const relay = createRelay({
    db,
    producer,
    encode: (row) => recordOf(storedEventOf(row)),
    owner: instanceId,
    metrics: createRelayMetrics(metrics, db),
    log,
  });
  const consumer = createEventConsumer<Tables, MatchEvent>({
    db,
    broker,
    producer,
    name: CONSUMER,
    topics: {
      events: [MATCHES],
      replay: `${MATCHES}.${CONSUMER}.replay`,
      dlq: deadLetterTopic(MATCHES, CONSUMER),
      retry: retryTopics(MATCHES, CONSUMER).map(({ name }) => name),
    },
    order: "none",
    decode: decodeMatchEvent,
    wants: ({ type }) => type === "match.ended",
    async apply(event, tx) {
      if (event.type === "match.ended") ratingMetrics.result(await applyResult(tx, resultOf(event), now()));
    },
    policy: { ...RETRY_POLICY, retryTopicsMs: RETRY_DELAYS.map(({ delayMs }) => delayMs) },
    metrics: createConsumerMetrics(metrics),
    log,
  });
  return [producer, relay, consumer];
}

function storedEventOf(row: OutboxRow) {
  return {
    id: row.event_id,
    type: row.event_type as EventType,
    source: SOURCE,
    time: row.created_at,
    key: row.partition_key,
    payload: row.payload,
    traceparent: row.traceparent,
  };
}
