// What events need of a service: the parts that it is composed of, whether it only publishes or consumes as well.
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { onceConnected } from "./broker/once-connected.ts";
import type { Broker } from "./broker/port.ts";
import { brokerOf, type KafkaConfig } from "./config.ts";
import { createEventConsumer } from "./consumer/consumer.ts";
import { deleteOldInbox } from "./consumer/inbox.ts";
import { createConsumerMetrics } from "./consumer/metrics.ts";
import type { EventConsumerOptions } from "./consumer/options.ts";
import type { ConsumerTables } from "./consumer/tables.ts";
import { decodeOnly, rowEncoder } from "./contract/envelope.ts";
import type { AnyEvent, EventType } from "./contract/events.ts";
import { publishOutbox } from "./outbox/publishing.ts";
import { deletePublished, type OutboxTables } from "./outbox/table.ts";
import { consumerTopics, SUBSCRIPTIONS } from "./topics.ts";

/** Of the context that packages/service gives to a service with a database. */
export interface EventContext<Tables> {
  readonly config: KafkaConfig;
  readonly db: Database<Tables>;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly instanceId: string;
}

export interface PublishedEvents {
  /** Its name: `match-service`. */
  readonly service: string;
  /** In whose name it reports; undefined: the installation has one region. */
  readonly region?: string | undefined;
}

export interface ConsumedEvents<Tables extends ConsumerTables, Type extends EventType> extends PublishedEvents {
  readonly service: keyof typeof SUBSCRIPTIONS;
  readonly types: readonly Type[];
  /** See EventConsumerOptions. */
  readonly apply: EventConsumerOptions<Tables, AnyEvent<Type>>["apply"];
}

export interface EventParts {
  /** Before the RPC server, so that they stop after the last call has committed its event. */
  readonly components: readonly Component[];
  readonly waitsFor: Readonly<Record<string, () => Promise<string | undefined>>>;
  /** Rules for the service's retention. */
  readonly retention: readonly ((rowsMax: number) => Promise<number>)[];
}

/** Of a service with an outbox. Where no broker is configured, its events wait in it. */
export function publishEvents<Tables extends OutboxTables>(
  context: EventContext<Tables>,
  events: PublishedEvents,
): EventParts {
  return publishing(context, events, brokerOf(context.config, events.service, context.log));
}

/** Of a service with an outbox and a subscription, which is declared in topics.ts. */
export function publishAndConsumeEvents<Tables extends OutboxTables & ConsumerTables, Type extends EventType>(
  context: EventContext<Tables>,
  events: ConsumedEvents<Tables, Type>,
): EventParts {
  const { config, db, metrics, log } = context;
  const { service, types, apply } = events;
  const broker = brokerOf(config, service, log);
  const { components, waitsFor, retention } = publishing(context, events, broker);
  const withInbox = { waitsFor, retention: [...retention, deleteOldInbox(db)] };
  if (!broker) return { ...withInbox, components };
  const subscription = SUBSCRIPTIONS[service];
  const consumerMetrics = createConsumerMetrics(metrics);
  const consumer = onceConnected(`consumer ${subscription.consumer}`, broker, (connected) => {
    const producer = connected.producer();
    const consuming = createEventConsumer<Tables, AnyEvent<Type>>({
      db,
      broker: connected,
      producer,
      name: subscription.consumer,
      topics: consumerTopics(subscription),
      order: subscription.order,
      decode: decodeOnly(...types),
      apply,
      metrics: consumerMetrics,
      log,
    });
    return [producer, consuming];
  });
  return { ...withInbox, components: [...components, consumer] };
}

function publishing<Tables extends OutboxTables>(
  { db, metrics, log, instanceId }: EventContext<Tables>,
  { service, region }: PublishedEvents,
  broker: Promise<Broker> | undefined,
): EventParts {
  const encode = rowEncoder({ source: `muster/${service}`, region });
  const { components, waitsFor } = publishOutbox({ db, broker, encode, owner: instanceId, metrics, log });
  return { components, waitsFor, retention: [deletePublished(db)] };
}
