// The port on KafkaJS, the default adapter.
import type { Logger } from "@muster/log";
import { retryForever } from "@muster/runtime";
import { type Admin as KafkaAdmin, type EachBatchPayload, Kafka, logLevel, Partitioners } from "kafkajs";
import type { Consumer as KafkaConsumer, KafkaConfig, Producer as KafkaProducer, KafkaMessage } from "kafkajs";
import {
  type Admin,
  type Batch,
  type Broker,
  BrokerError,
  type BrokerOptions,
  type Consumer,
  type ConsumerOptions,
  type OutgoingRecord,
  type PartitionLag,
  type Producer,
  type ReceivedRecord,
  type TopicDescription,
} from "./port.ts";

const CONNECT_MS = 3000;
const REQUEST_MS = 15_000;
/** Tries of one call inside the library: for a leader that has just moved. Longer outages are its caller's. */
const RETRY = { retries: 3, initialRetryTime: 50, maxRetryTime: 1000 };
/** A member that says nothing for so long has left its group. */
const SESSION_MS = 30_000;
const HEARTBEAT_MS = 3000;
/** How long a fetch waits for records when there are none: a partition that has rested is asked for again after that. */
const FETCH_WAIT_MS = 250;
const FETCH_BYTES_MAX = 1024 * 1024;
const REJOIN_MS_MAX = 5000;
/** After a handler that threw: it should not have. */
const REST_AFTER_THROW_MS = 1000;

export function createKafkaJsBroker(options: BrokerOptions, log: Logger): Broker {
  const { brokers, clientId, tls, sasl } = options;
  const kafka = new Kafka({
    clientId,
    brokers: [...brokers],
    ssl: tls,
    // Its types have one for each mechanism, with the same fields.
    ...(sasl && { sasl: sasl as unknown as NonNullable<KafkaConfig["sasl"]> }),
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    retry: RETRY,
    // Every failure reaches its caller as an error; the library says each one several times, as an error of its own.
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: entry }) =>
        log.debug({ kafkajs: { ...entry, namespace } }, entry.message),
  });
  return {
    producer: () => new KafkaJsProducer(kafka),
    consumer: (consumer) => new KafkaJsConsumer(kafka, consumer, log),
    admin: () => new KafkaJsAdmin(kafka.admin({ retry: RETRY })),
    async probe() {
      const admin = kafka.admin({ retry: { retries: 0 } });
      try {
        await admin.connect();
        await admin.describeCluster();
        return undefined;
      } catch (err) {
        return brokerError(err).message;
      } finally {
        await admin.disconnect().catch(() => undefined); // what is not connected cannot be
      }
    },
  };
}

class KafkaJsProducer implements Producer {
  readonly name = "kafka producer";
  readonly #kafka: Kafka;
  #connected: Promise<KafkaProducer> | undefined;

  constructor(kafka: Kafka) {
    this.#kafka = kafka;
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (records.length === 0) return;
    const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      messages: ofTopic.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
    }));
    this.#connected ??= this.#connect();
    const connected = this.#connected;
    try {
      await (await connected).sendBatch({ acks: -1, timeout: REQUEST_MS, topicMessages });
    } catch (err) {
      // An idempotent producer that failed does not know which sequence number comes next: the next call has a new one.
      if (this.#connected === connected) this.#connected = undefined;
      void connected.then((producer) => producer.disconnect()).catch(() => undefined);
      throw brokerError(err);
    }
  }

  async stop(): Promise<void> {
    const connected = this.#connected;
    this.#connected = undefined;
    await (await connected?.catch(() => undefined))?.disconnect();
  }

  async #connect(): Promise<KafkaProducer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // the same as every other client's
      retry: RETRY,
    });
    await producer.connect();
    return producer;
  }
}

class KafkaJsConsumer implements Consumer {
  readonly name: string;
  readonly #kafka: Kafka;
  readonly #options: ConsumerOptions;
  readonly #log: Logger;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #assigned: readonly string[] | undefined;

  constructor(kafka: Kafka, options: ConsumerOptions, log: Logger) {
    this.name = `consumer ${options.group}`;
    this.#kafka = kafka;
    this.#options = options;
    this.#log = log;
  }

  async start(): Promise<void> {
    this.#running = retryForever(() => this.#member(), {
      name: this.name,
      stop: this.#stop.signal,
      log: this.#log,
      maxDelayMs: REJOIN_MS_MAX,
    });
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  assigned(): readonly string[] | undefined {
    return this.#assigned;
  }

  /** One membership of the group, from joining to its loss or our leaving. @throws what ended it */
  async #member(): Promise<void> {
    const { group, topics, concurrency, from, fetchBytesMax = FETCH_BYTES_MAX } = this.#options;
    const consumer = this.#kafka.consumer({
      groupId: group,
      sessionTimeout: SESSION_MS,
      heartbeatInterval: HEARTBEAT_MS,
      allowAutoTopicCreation: false,
      maxBytesPerPartition: fetchBytesMax,
      maxWaitTimeInMs: FETCH_WAIT_MS,
      retry: { ...RETRY, restartOnFailure: async () => false }, // #member is called again instead
    });
    const resting = new Set<NodeJS.Timeout>();
    const ended = Promise.withResolvers<void>();
    consumer.on(consumer.events.CRASH, ({ payload }) => ended.reject(brokerError(payload.error)));
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      this.#assigned = Object.entries(payload.memberAssignment)
        .flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}/${partition}`))
        .toSorted();
    });
    const onStop = (): void => ended.resolve();
    this.#stop.signal.addEventListener("abort", onStop, { once: true });
    try {
      await consumer.connect();
      await consumer.subscribe({ topics: [...topics], fromBeginning: from === "earliest" });
      await consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: concurrency,
        eachBatch: (payload) => this.#handle(consumer, payload, resting),
      });
      if (!this.#stop.signal.aborted) await ended.promise;
    } finally {
      this.#stop.signal.removeEventListener("abort", onStop);
      for (const timer of resting) clearTimeout(timer);
      await consumer.disconnect().catch((err: unknown) => this.#log.debug({ err }, `${this.name} did not leave`));
      this.#assigned = undefined;
    }
  }

  async #handle(consumer: KafkaConsumer, payload: EachBatchPayload, resting: Set<NodeJS.Timeout>): Promise<void> {
    const { topic, partition, messages, highWatermark } = payload.batch;
    const [first] = messages;
    if (!first) return;
    let lost: unknown;
    const asMember = async (call: () => Promise<unknown>): Promise<void> => {
      try {
        await call();
      } catch (err) {
        lost ??= err;
        throw brokerError(err);
      }
    };
    const batch: Batch = {
      topic,
      partition,
      records: messages.map((message) => receivedOf(topic, partition, message)),
      end: BigInt(highWatermark),
      owned: () => lost === undefined && !this.#stop.signal.aborted && payload.isRunning() && !payload.isStale(),
      commit: (offset) => asMember(() => consumer.commitOffsets([{ topic, partition, offset: offset.toString() }])),
      heartbeat: () => asMember(() => payload.heartbeat()),
    };
    const start = BigInt(first.offset);
    const { next, pauseMs } = await this.#options.handle(batch).catch((err: unknown) => {
      if (lost === undefined) this.#log.error({ err, topic, partition }, "a handler of batches failed");
      return { next: start, pauseMs: REST_AFTER_THROW_MS };
    });
    if (next > start) payload.resolveOffset((next - 1n).toString());
    // The library joins the group again when its own error comes back to it.
    if (lost !== undefined) throw lost;
    if (pauseMs <= 0) return;
    const resume = payload.pause();
    const timer = setTimeout(() => {
      resting.delete(timer);
      resume();
    }, pauseMs);
    resting.add(timer);
  }
}

function receivedOf(topic: string, partition: number, message: KafkaMessage): ReceivedRecord {
  const { offset, key, value, timestamp, headers = {} } = message;
  return {
    topic,
    partition,
    offset: BigInt(offset),
    key: key?.toString(),
    value: value ?? Buffer.alloc(0),
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, one]) => [name, String((Array.isArray(one) ? one.at(-1) : one) ?? "")]),
    ),
    timestampMs: Number(timestamp),
  };
}

const TOPIC_SETTING = 1; // ConfigSource.TOPIC_CONFIG: set for the topic itself
const TOPIC_RESOURCE = 2;

class KafkaJsAdmin implements Admin {
  readonly name = "kafka admin";
  readonly #admin: KafkaAdmin;

  constructor(admin: KafkaAdmin) {
    this.#admin = admin;
  }

  async start(): Promise<void> {
    await this.#call(() => this.#admin.connect());
  }

  async stop(): Promise<void> {
    await this.#admin.disconnect();
  }

  async listTopics(): Promise<TopicDescription[]> {
    const { topics } = await this.#call(() => this.#admin.fetchTopicMetadata());
    const own = topics.filter(({ name }) => !name.startsWith("__"));
    if (own.length === 0) return [];
    const { resources } = await this.#call(() =>
      this.#admin.describeConfigs({
        includeSynonyms: false,
        resources: own.map(({ name }) => ({ type: TOPIC_RESOURCE, name })),
      }),
    );
    return own.map(({ name, partitions }) => {
      const entries = resources.find((resource) => resource.resourceName === name)?.configEntries ?? [];
      const set = entries.filter(({ configSource }) => Number(configSource) === TOPIC_SETTING);
      return {
        name,
        partitions: partitions.length,
        replicas: partitions[0]?.replicas.length ?? 0,
        settings: Object.fromEntries(set.map(({ configName, configValue }) => [configName, configValue])),
      };
    });
  }

  async createTopics(topics: readonly TopicDescription[]): Promise<void> {
    const wanted = topics.map(({ name, partitions, replicas, settings }) => ({
      topic: name,
      numPartitions: partitions,
      replicationFactor: replicas,
      configEntries: entriesOf(settings),
    }));
    const made = await this.#call(() => this.#admin.createTopics({ topics: wanted, waitForLeaders: true }));
    // The library answers false where the broker says that one of them exists.
    if (!made) throw new BrokerError("a topic of these exists already", { cause: undefined, retryable: false });
  }

  async alterTopic(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
    // The library's call replaces all settings of the topic.
    const before = (await this.listTopics()).find((topic) => topic.name === name);
    const configEntries = entriesOf({ ...before?.settings, ...settings });
    await this.#call(() =>
      this.#admin.alterConfigs({ validateOnly: false, resources: [{ type: TOPIC_RESOURCE, name, configEntries }] }),
    );
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#call(() => this.#admin.deleteTopics({ topics: [...names] }));
  }

  async lag(group: string, topics: readonly string[]): Promise<PartitionLag[]> {
    const committed = await this.#call(() => this.#admin.fetchOffsets({ groupId: group, topics: [...topics] }));
    const lags = await Promise.all(
      topics.map(async (topic) => {
        const ofGroup = committed.find((one) => one.topic === topic)?.partitions ?? [];
        const ends = await this.#call(() => this.#admin.fetchTopicOffsets(topic));
        return ends.map(({ partition, low, high }): PartitionLag => {
          const offset = BigInt(ofGroup.find((one) => one.partition === partition)?.offset ?? -1);
          return {
            topic,
            partition,
            committed: offset < 0n ? undefined : offset,
            first: BigInt(low),
            end: BigInt(high),
          };
        });
      }),
    );
    return lags.flat();
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (err) {
      throw brokerError(err);
    }
  }
}

function entriesOf(settings: Readonly<Record<string, string>>): { name: string; value: string }[] {
  return Object.entries(settings).map(([name, value]) => ({ name, value }));
}

/** What the same call would meet again, by the protocol's names. */
const PERMANENT = new Set([
  "MESSAGE_TOO_LARGE",
  "RECORD_LIST_TOO_LARGE",
  "INVALID_TOPIC_EXCEPTION",
  "INVALID_RECORD",
  "INVALID_CONFIG",
  "INVALID_PARTITIONS",
  "INVALID_REPLICATION_FACTOR",
  "TOPIC_AUTHORIZATION_FAILED",
  "GROUP_AUTHORIZATION_FAILED",
  "CLUSTER_AUTHORIZATION_FAILED",
  "SASL_AUTHENTICATION_FAILED",
  "TOPIC_ALREADY_EXISTS",
]);

function brokerError(err: unknown): BrokerError {
  if (err instanceof BrokerError) return err;
  let inner = err;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const { type = "" } = inner as { type?: string };
  const message = inner instanceof Error ? inner.message : String(inner);
  return new BrokerError(type === "" ? message : `${message} (${type})`, {
    cause: err,
    retryable: !PERMANENT.has(type),
  });
}
