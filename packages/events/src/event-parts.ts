// What events need of a service: the parts that it is composed of, whether it only publishes or consumes as well.
import type { ServiceImpl } from "@connectrpc/connect";
import type { DeliveryService } from "@muster/contracts/delivery/v2";
import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { onceConnected } from "./broker/once-connected.ts";
import type { Admin, Broker } from "./broker/port.ts";
import { brokerOf, type KafkaConfig } from "./config.ts";
import { createEventConsumer } from "./consumer/consumer.ts";
import { deleteOldInbox } from "./consumer/inbox.ts";
import { createConsumerMetrics } from "./consumer/metrics.ts";
import type { EventConsumerOptions } from "./consumer/options.ts";
import type { ConsumerTables, LetterOrderTables } from "./consumer/tables.ts";
import { decodeOnly, rowEncoder } from "./contract/envelope.ts";
import type { AnyEvent, EventType } from "./contract/events.ts";
import { deliveryRpc } from "./delivery/rpc.ts";
import { createOrderRunner } from "./letters/carry-out.ts";
import { type AskAdmin, LetterView } from "./letters/letter-view.ts";
import { deleteOldOrders } from "./letters/orders.ts";
import { type Publishing, publishOutbox } from "./outbox/publishing.ts";
import { deletePublished, type OutboxTables } from "./outbox/table.ts";
import { consumerTopics, DLQ_AUDIT_TOPIC, SUBSCRIPTIONS } from "./topics.ts";

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
  /** For the service's router: what operators may know of its events. */
  readonly delivery: Partial<ServiceImpl<typeof DeliveryService>>;
}

/** Of a service with an outbox. Where no broker is configured, its events wait in it. */
export function publishEvents<Tables extends OutboxTables>(
  context: EventContext<Tables>,
  events: PublishedEvents,
): EventParts {
  const { db, config, log } = context;
  const broker = brokerOf(config, events.service, log);
  const { components, ...parts } = publishing(context, events, broker);
  const outbox = db as unknown as Database<OutboxTables>;
  return { ...parts, components, delivery: deliveryRpc({ db: outbox, kafka: parts.waitsFor.kafka }) };
}

/** Of a service with an outbox and a subscription, which is declared in topics.ts. */
export function publishAndConsumeEvents<
  Tables extends OutboxTables & ConsumerTables & LetterOrderTables,
  Type extends EventType,
>(context: EventContext<Tables>, events: ConsumedEvents<Tables, Type>): EventParts {
  const { config, db, metrics, log, instanceId } = context;
  const { service, types, apply } = events;
  const broker = brokerOf(config, service, log);
  const { components, waitsFor, retention } = publishing(context, events, broker);
  const orders = db as unknown as Database<LetterOrderTables>;
  const outbox = db as unknown as Database<OutboxTables>;
  const subscription = SUBSCRIPTIONS[service];
  const topics = consumerTopics(subscription);
  const admin = adminOf(broker);
  const withInbox = { waitsFor, retention: [...retention, deleteOldInbox(db), deleteOldOrders(orders)] };
  if (!broker || !admin) {
    const delivery = deliveryRpc({ db: outbox, kafka: waitsFor.kafka, consumer: { subscription, orders } });
    return { ...withInbox, components, delivery };
  }
  const letters = new LetterView({ broker, ask: admin.ask, group: subscription.consumer, topic: topics.dlq });
  const consumerMetrics = createConsumerMetrics(metrics);
  const consumer = onceConnected(`consumer ${subscription.consumer}`, broker, (connected) => {
    const producer = connected.producer();
    const consuming = createEventConsumer<Tables, AnyEvent<Type>>({
      db,
      broker: connected,
      producer,
      name: subscription.consumer,
      topics,
      order: subscription.order,
      decode: decodeOnly(...types),
      apply,
      metrics: consumerMetrics,
      log,
    });
    const auditTopic = DLQ_AUDIT_TOPIC;
    const runner = createOrderRunner({ db: orders, producer, subscription, auditTopic, owner: instanceId, log });
    return [producer, consuming, runner];
  });
  return {
    ...withInbox,
    components: [...components, admin, consumer, letters],
    delivery: deliveryRpc({
      db: outbox,
      kafka: waitsFor.kafka,
      consumer: { subscription, orders, kafka: { letters, ask: admin.ask } },
    }),
  };
}

/** Asked when an operator looks, so connected no sooner; one that has failed is not asked again. */
function adminOf(broker: Promise<Broker> | undefined): (Component & { readonly ask: AskAdmin }) | undefined {
  if (!broker) return undefined;
  let connected: Promise<Admin> | undefined;
  const connect = async (): Promise<Admin> => {
    const admin = (await broker).admin();
    await admin.start?.();
    return admin;
  };
  const stop = async (admin: Promise<Admin> | undefined): Promise<void> => {
    if (connected === admin) connected = undefined;
    await admin?.then((one) => one.stop?.()).catch(() => undefined); // what is not connected cannot be
  };
  return {
    name: "kafka admin",
    async ask(call) {
      const asked = (connected ??= connect());
      try {
        return await call(await asked);
      } catch (err) {
        await stop(asked);
        throw err;
      }
    },
    stop: () => stop(connected),
  };
}

function publishing<Tables extends OutboxTables>(
  { db, metrics, log, instanceId }: EventContext<Tables>,
  { service, region }: PublishedEvents,
  broker: Promise<Broker> | undefined,
): Omit<EventParts, "delivery" | "waitsFor"> & Pick<Publishing, "waitsFor"> {
  const encode = rowEncoder({ source: `muster/${service}`, region });
  const { components, waitsFor } = publishOutbox({ db, broker, encode, owner: instanceId, metrics, log });
  return { components, waitsFor, retention: [deletePublished(db)] };
}
