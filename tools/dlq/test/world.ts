// A consumer with a database and topics of its own, whose effect is a row; and the operator's tool beside it.
import { createDatabase, type Database, type DbPart, migrate, statement } from "@muster/db";
import {
  type Admin,
  type AnyEvent,
  type Broker,
  type BrokerClient,
  type ConsumerTables,
  type LetterOrderTables,
  LetterView,
  carryOutNext,
  createLetterOrders,
  deliveryRpc,
  type Producer,
  consumerTopics,
  createBroker,
  createConsumerMetrics,
  createEventConsumer,
  createInbox,
  createParkedEvents,
  decodeOnly,
  encodeEvent,
  newEvent,
  type OutgoingRecord,
  type RetryPolicy,
  type Subscription,
} from "@muster/events";
import { anyDatabase, anyKafka } from "@muster/resilience/testing";
import type { Component } from "@muster/runtime";
import { freshDatabases, freshTopicPrefix, kafkaBrokers, LogLines, until } from "@muster/testkit";
import { sql } from "kysely";
import { Registry } from "prom-client";
import { v7 as uuidv7 } from "uuid";
import { run } from "../src/commands.ts";

interface Tables extends ConsumerTables, LetterOrderTables {
  effects: { event_id: string; player_id: string };
}

type Banned = AnyEvent<"player.banned">;

const QUICK: RetryPolicy = {
  inPlace: { attemptsMax: 1, totalMs: 100, firstMs: 10 },
  parkedDelaysMs: [50, 50],
  retryTopicsMs: [50],
  brake: { window: 20, failuresMax: 15, firstMs: 100, maxMs: 500 },
};

const MIGRATIONS = {
  "1-inbox": createInbox,
  "2-parked": createParkedEvents,
  "2-orders": createLetterOrders,
  "3-effects": statement(sql`
    create table if not exists effects (event_id uuid not null, player_id uuid not null) engine = InnoDB`),
};

export class World implements AsyncDisposable {
  readonly #prefix = freshTopicPrefix();
  readonly subscription: Subscription;
  readonly auditTopic = `${this.#prefix}audit`;
  readonly broker: Broker;
  readonly metrics = new Registry();
  /** Players whose events cannot be applied now. */
  readonly broken = new Map<string, Error>();
  #part: DbPart<Tables> | undefined;
  readonly #stops: (() => Promise<void> | undefined)[] = [];

  private constructor(broker: Broker, order: Subscription["order"]) {
    this.broker = broker;
    this.subscription = { consumer: `${this.#prefix}consumer`, events: [`${this.#prefix}events`], order };
  }

  static async open(order: Subscription["order"], client: BrokerClient = "kafkajs"): Promise<World> {
    const options = { client, brokers: kafkaBrokers(), clientId: "test", dependency: anyKafka(), tls: false } as const;
    const world = new World(await createBroker(options, new LogLines().logger("test")), order);
    await world.#open();
    return world;
  }

  get #db(): Database<Tables> {
    if (!this.#part) throw new Error("not open");
    return this.#part.db;
  }

  async #open(): Promise<void> {
    const url = (await freshDatabases())["match-service"];
    const part = createDatabase<Tables>({ url, dependency: anyDatabase(6, { waitMs: 5000, statementMs: 5000 }) });
    this.#part = part;
    await migrate(part.db, MIGRATIONS);
    const { events, replay, dlq, retry } = consumerTopics(this.subscription);
    const admin = this.broker.admin();
    await admin.start?.();
    await admin.createTopics(
      [...events, replay, dlq, ...retry, this.auditTopic].map((name) => ({
        name,
        partitions: 1,
        replicas: 1,
        settings: {},
      })),
    );
    await admin.stop?.();
    this.#stops.push(() => part.stop?.());
    await this.#consume();
  }

  async #consume(): Promise<void> {
    const producer = this.broker.producer();
    const consumer: Component = createEventConsumer<Tables, Banned>({
      db: this.#db,
      broker: this.broker,
      producer,
      name: this.subscription.consumer,
      topics: consumerTopics(this.subscription),
      order: this.subscription.order,
      decode: decodeOnly("player.banned"),
      apply: async (event, tx) => {
        const fault = this.broken.get(event.data.playerId);
        if (fault) throw fault;
        await tx.insertInto("effects").values({ event_id: event.id, player_id: event.data.playerId }).execute();
      },
      policy: QUICK,
      metrics: createConsumerMetrics(this.metrics),
      log: new LogLines().logger("consumer"),
    });
    await consumer.start?.();
    this.#stops.push(
      () => producer.stop?.(),
      () => consumer.stop?.(),
    );
  }

  /** @returns the events' ids */
  async publish(playerIds: readonly string[]): Promise<string[]> {
    const events = playerIds.map((playerId) =>
      newEvent(
        "player.banned",
        { playerId, until: "2026-12-04T12:00:00.000Z", bannedAt: "2026-11-27T12:00:00.000Z" },
        { source: "muster/identity-service", time: new Date("2026-11-27T12:00:00Z") },
      ),
    );
    await this.send(events.map(encodeEvent));
    return events.map(({ id }) => id);
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    const producer = this.broker.producer();
    const [topic = ""] = this.subscription.events;
    await producer.send(records.map((record) => ({ ...record, topic })));
    await producer.stop?.();
  }

  /** Event ids, in the order of their effects. */
  async effects(): Promise<string[]> {
    const { rows } = await sql<{ event_id: string }>`select event_id from effects`.execute(this.#db);
    return rows.map(({ event_id }) => event_id);
  }

  async untilEffects(count: number): Promise<void> {
    await until(async () => {
      const { length } = await this.effects();
      return length >= count ? undefined : `${length} of ${count} effects`;
    }, 30_000);
  }

  async parked(): Promise<number> {
    const { rows } = await sql`select 1 from parked_events`.execute(this.#db);
    return rows.length;
  }

  /** The operator's command. */
  async dlq(...args: string[]): Promise<{ readonly code: number; readonly lines: readonly string[] }> {
    const lines: string[] = [];
    const [command = "", ...rest] = args;
    const { consumer } = this.subscription;
    const code = await run([command, consumer, ...rest], {
      broker: async () => this.broker,
      subscriptions: { [consumer]: this.subscription },
      auditTopic: this.auditTopic,
      user: "ann@ops",
      say: (line) => lines.push(line),
      stop: new AbortController().signal,
    });
    return { code, lines };
  }

  /** What the operator's console asks of the consumer. */
  delivery(): Required<ReturnType<typeof deliveryRpc>> {
    const ask = async <T>(call: (admin: Admin) => Promise<T>): Promise<T> => {
      const admin = this.broker.admin();
      await admin.start?.();
      try {
        return await call(admin);
      } finally {
        await admin.stop?.();
      }
    };
    const { subscription } = this;
    const view = { broker: Promise.resolve(this.broker), ask, group: subscription.consumer };
    const letters = new LetterView({ ...view, topic: consumerTopics(subscription).dlq });
    this.#stops.push(() => letters.stop());
    return deliveryRpc({
      db: this.#db as never, // it has no outbox
      kafka: async () => undefined,
      consumer: { subscription, orders: this.#db as unknown as Database<LetterOrderTables>, kafka: { letters, ask } },
    }) as Required<ReturnType<typeof deliveryRpc>>;
  }

  /** Carries out the first order that waits, as `owner`. @returns whether there was one */
  async carryOut(owner: string, producer: Producer): Promise<boolean> {
    const db = this.#db as unknown as Database<LetterOrderTables>;
    const { subscription, auditTopic } = this;
    const log = new LogLines().logger("orders");
    return carryOutNext({ db, producer, subscription, auditTopic, owner, log }, new AbortController().signal);
  }

  /** So that nobody waits for the process that took an order and died. */
  async timePasses(): Promise<void> {
    await sql`update letter_orders set taken_until = utc_timestamp(6) - interval 1 second where done_at is null`.execute(
      this.#db,
    );
  }

  async metric(name: string): Promise<Record<string, number>> {
    const found = (await this.metrics.getMetricsAsJSON()).find((metric) => metric.name === name);
    const values = (found?.values ?? []) as { labels: { state?: string }; value: number }[];
    return Object.fromEntries(values.map(({ labels, value }) => [labels.state ?? "", value]));
  }

  /** Waits until so many letters are open. */
  async untilOpen(count: number): Promise<readonly string[]> {
    let lines: readonly string[] = [];
    await until(async () => {
      ({ lines } = await this.dlq("list", "--json"));
      const open = lines.filter((line) => line.startsWith("{")).length;
      return open === count ? undefined : `${open} of ${count} open letters`;
    }, 30_000);
    return lines;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const stop of this.#stops.toReversed()) await stop();
  }
}

export function players(count: number): string[] {
  return Array.from({ length: count }, () => uuidv7());
}
