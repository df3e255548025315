// Both ends of the event kit around a real broker: an outbox with its relay, and a consumer whose effect is a row in a table. They are in one
// database here; nothing but the broker leads from one to the other.
import { randomUUID } from "node:crypto";
import { createDatabase, type Database, type DbPart, inTransaction, migrate, statement } from "@muster/db";
import { anyDatabase, anyKafka } from "@muster/resilience/testing";
import { type Component, until } from "@muster/runtime";
import { freshDatabases, freshTopicPrefix, kafkaBrokers, LogLines, loseDeadlocks } from "@muster/testkit";
import { type Generated, sql, type Transaction } from "kysely";
import { Registry } from "prom-client";
import type { Admin, Broker, Producer, ReceivedRecord } from "../src/broker/port.ts";
import { createKafkaJsBroker } from "../src/broker/kafkajs.ts";
import {
  type ConsumerTables,
  createConsumerMetrics,
  createEventConsumer,
  type EventConsumerOptions,
  createInbox,
  createParkedEvents,
  type RetryPolicy,
} from "../src/consumer/index.ts";
import {
  addRecordToOutbox,
  addSlotToOutbox,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
  createRelay,
  createRelayMetrics,
  type OutboxTables,
  type RelayOptions,
} from "../src/outbox/index.ts";
import { InvalidEventError } from "../src/contract/events.ts";

export interface Tables extends OutboxTables, ConsumerTables {
  effects: { position: Generated<bigint>; event_key: string; n: number };
}

export interface TestEvent {
  readonly id: string;
  readonly type: string;
  readonly key: string;
  readonly n: number;
}

export interface Emitted {
  readonly key: string;
  readonly n: number;
  readonly type?: string;
  /** Makes it heavier. */
  readonly ballast?: string;
}

/** Quick, so that a test sees every step of it. */
export const QUICK: RetryPolicy = {
  inPlace: { attemptsMax: 2, totalMs: 100, firstMs: 10 },
  parkedDelaysMs: [100, 200, 200, 200],
  retryTopicsMs: [200, 300],
  brake: { window: 20, failuresMax: 10, firstMs: 100, maxMs: 500 },
};

const MIGRATIONS = {
  "1-outbox": createOutbox,
  "2-slot": addSlotToOutbox,
  "3-slots": createOutboxSlots,
  "4-relays": createOutboxRelays,
  "4-relays-record": addRecordToOutbox,
  "5-inbox": createInbox,
  "6-parked": createParkedEvents,
  "7-effects": statement(sql`
    create table if not exists effects (
      position bigint not null auto_increment primary key,
      event_key varchar(64) not null,
      n int not null
    ) engine = InnoDB`),
};

export type Apply = EventConsumerOptions<Tables, TestEvent>["apply"];

export class Pipeline implements AsyncDisposable {
  readonly prefix = freshTopicPrefix();
  readonly topic = `${this.prefix}events`;
  readonly topics = {
    events: [this.topic],
    replay: `${this.prefix}replay`,
    dlq: `${this.prefix}dlq`,
    retry: [`${this.prefix}retry-1`, `${this.prefix}retry-2`],
  };
  readonly group = `${this.prefix}consumer`;
  readonly logs = new LogLines();
  readonly broker: Broker;
  readonly admin: Admin;
  readonly producer: Producer;
  #part: DbPart<Tables> | undefined;
  readonly #running: Component[] = [];

  /** @param broker the run's own Kafka, unless it says otherwise */
  constructor(broker?: Broker) {
    const kafka = { clientId: "test", dependency: anyKafka(), tls: false };
    this.broker = broker ?? createKafkaJsBroker({ ...kafka, brokers: kafkaBrokers() }, this.logs.logger("test"));
    this.admin = this.broker.admin();
    this.producer = this.broker.producer();
  }

  get db(): Database<Tables> {
    if (!this.#part) throw new Error("not open");
    return this.#part.db;
  }

  /** @param databaseUrl one of the run's own MariaDB, unless it says otherwise */
  async open(databaseUrl?: string): Promise<this> {
    const url = databaseUrl ?? (await freshDatabases())["match-service"];
    this.#part = createDatabase<Tables>({ url, dependency: anyDatabase(12, { waitMs: 5000, statementMs: 5000 }) });
    await migrate(this.db, MIGRATIONS);
    loseDeadlocks();
    await this.admin.start?.();
    const { events, replay, dlq, retry } = this.topics;
    await this.admin.createTopics(
      [...events, replay, dlq, ...retry].map((name) => ({
        name,
        partitions: name === dlq || name === replay ? 1 : 3, // as the declared ones
        replicas: 1,
        settings: {},
      })),
    );
    return this;
  }

  readonly #encode: RelayOptions<Tables>["encode"] = ({ event_id, event_type, partition_key, payload }) => ({
    topic: this.topic,
    key: partition_key,
    value: Buffer.from(payload),
    headers: { id: event_id, type: event_type },
  });

  async relay({
    owner = randomUUID() as string,
    leaseMs = 10_000,
    producer = this.producer,
    encode = this.#encode,
  } = {}): Promise<Component> {
    const relay = createRelay({
      db: this.db,
      producer,
      encode,
      owner,
      leaseMs,
      metrics: createRelayMetrics(new Registry(), this.db),
      log: this.logs.logger("relay"),
    });
    return this.#start(relay);
  }

  async consumer(
    apply: Apply,
    {
      order = "per key",
      policy = QUICK,
      name = this.group,
      decode = decodeTestEvent,
    }: {
      order?: "per key" | "none";
      policy?: RetryPolicy;
      name?: string;
      decode?: (record: ReceivedRecord) => TestEvent;
    } = {},
  ): Promise<Component> {
    const consumer = createEventConsumer<Tables, TestEvent>({
      db: this.db,
      broker: this.broker,
      producer: this.producer,
      name,
      topics: this.topics,
      order,
      decode,
      wants: ({ type }) => type !== "unwanted",
      apply,
      policy,
      metrics: createConsumerMetrics(new Registry()),
      log: this.logs.logger("consumer"),
    });
    return this.#start(consumer);
  }

  /** Commits events: for each key its next numbers. */
  async emit(events: readonly Emitted[]): Promise<void> {
    await inTransaction(this.db, async (tx) => {
      const rows = events.map(({ key, n, type = "counted", ballast = "" }) => ({
        event_id: randomUUID(),
        event_type: type,
        partition_key: key,
        payload: JSON.stringify({ n, ballast }),
        traceparent: "",
        published_at: null,
      }));
      await tx.insertInto("outbox").values(rows).execute();
    });
  }

  /** By key, the numbers in the order of their effects. */
  async effects(): Promise<Map<string, number[]>> {
    const rows = await this.db.selectFrom("effects").select(["event_key", "n"]).orderBy("position").execute();
    return new Map(
      [...Map.groupBy(rows, (row) => row.event_key)].map(([key, ofKey]) => [key, ofKey.map(({ n }) => n)]),
    );
  }

  async untilEffects(count: number, timeoutMs = 30_000): Promise<void> {
    await until(async () => {
      const { n } = await this.db
        .selectFrom("effects")
        .select(({ fn }) => fn.countAll<number>().as("n"))
        .executeTakeFirstOrThrow();
      return Number(n) >= count ? undefined : `${Number(n)} of ${count} effects`;
    }, timeoutMs);
  }

  /** All records of a topic, now. */
  async recordsOf(topic: string): Promise<ReceivedRecord[]> {
    const lag = await this.admin.lag(`${this.prefix}reader`, [topic]);
    const wanted = lag.reduce((sum, { first, end }) => sum + Number(end - first), 0);
    const records: ReceivedRecord[] = [];
    const reader = this.broker.consumer({
      group: `${this.prefix}${randomUUID()}`,
      topics: [topic],
      concurrency: 1,
      from: "earliest",
      async handle(batch) {
        records.push(...batch.records);
        return { next: (batch.records.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
      },
    });
    if (wanted === 0) return [];
    await reader.start();
    await until(() => (records.length >= wanted ? undefined : `${records.length} of ${wanted} records`));
    await reader.stop();
    return records;
  }

  /** As if its process had died: nobody waits for it. */
  abandon(component: Component): void {
    this.#running.splice(this.#running.indexOf(component), 1);
    component.stop?.().catch(() => undefined);
  }

  async #start(component: Component): Promise<Component> {
    await component.start?.();
    this.#running.push(component);
    return component;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const component of this.#running.toReversed()) await component.stop?.();
    await this.producer.stop?.();
    await this.admin.stop?.();
    await this.#part?.stop();
  }
}

/** The usual effect. */
export const count = async ({ key, n }: TestEvent, tx: Transaction<Tables>): Promise<void> => {
  await tx.insertInto("effects").values({ event_key: key, n }).execute();
};

function decodeTestEvent({ key = "", value, headers }: ReceivedRecord): TestEvent {
  const { id, type } = headers;
  if (id === undefined || type === undefined)
    throw new InvalidEventError("bad_header", undefined, "id", "or type is missing");
  let payload: { n?: unknown };
  try {
    payload = JSON.parse(value.toString()) as { n?: unknown };
  } catch {
    throw new InvalidEventError("bad_payload", undefined, "", "is not JSON");
  }
  if (typeof payload.n !== "number") throw new InvalidEventError("bad_payload", undefined, "/n", "is no number");
  return { id, type, key, n: payload.n };
}
