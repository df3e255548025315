// The port on KafkaJS, the default adapter.
import type { Logger } from "@muster/log";
import { type Admin as KafkaAdmin, Kafka, logLevel, Partitioners } from "kafkajs";
import type { KafkaConfig, Producer as KafkaProducer } from "kafkajs";
import { type Dependency, noteBuilt } from "@muster/resilience";
import { until } from "@muster/runtime";
import { atMost } from "./at-most.ts";
import { GOODBYE_MS } from "./consumer-defaults.ts";
import { kafkaRow, retryOf } from "./figures.ts";
import { KafkaJsConsumer } from "./kafkajs-consumer.ts";
import { brokerError } from "./kafkajs-errors.ts";
import {
  type Admin,
  type Broker,
  BrokerError,
  type BrokerOptions,
  type OutgoingRecord,
  type PartitionLag,
  type Producer,
  type TopicDescription,
} from "./port.ts";
import { requestsOf } from "./requests.ts";

/** A topic that was just made is usable within this. */
const LEADERS_MS = 10_000;
export function createKafkaJsBroker(options: BrokerOptions, log: Logger): Broker {
  const { dependency } = options;
  let kafka: Kafka | undefined;
  const probing = (): Kafka => (kafka ??= built(dependency.probe, options, log)[0]);
  return {
    producer: () => new KafkaJsProducer(...built(dependency.producer, options, log)),
    consumer: (consumer) => new KafkaJsConsumer(...built(dependency.consumer, options, log), consumer, log),
    admin() {
      const [kafka] = built(dependency.admin, options, log);
      return new KafkaJsAdmin(kafka.admin());
    },
    async probe() {
      const admin = probing().admin();
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

/** A library's client with the figures of its row. @throws Error when its process has none in the table */
function built(row: Dependency | undefined, options: BrokerOptions, log: Logger): [Kafka, Dependency] {
  const known = kafkaRow(row);
  noteBuilt([known]);
  return [clientOf(known, options, log), known];
}

function clientOf(row: Dependency, { brokers, clientId, tls, ca, sasl }: BrokerOptions, log: Logger): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    ssl: tls && ca !== undefined ? { ca: [ca] } : tls,
    // Its types have one for each mechanism, with the same fields. A copy: it notes a provider in there, which has the password.
    ...(sasl && { sasl: { ...sasl } as unknown as NonNullable<KafkaConfig["sasl"]> }),
    connectionTimeout: row.connectMs,
    requestTimeout: row.tryMs,
    enforceRequestTimeout: true,
    retry: retryOf(row),
    // Every failure reaches its caller as an error; the library says each one several times, as an error of its own.
    logLevel: logLevel.WARN,
    logCreator:
      () =>
      ({ namespace, log: entry }) =>
        log.debug({ kafkajs: { ...entry, namespace } }, entry.message),
  });
}

class KafkaJsProducer implements Producer {
  readonly name = "kafka producer";
  readonly #kafka: Kafka;
  readonly #row: Dependency;
  #connected: Promise<KafkaProducer> | undefined;

  constructor(kafka: Kafka, row: Dependency) {
    this.#kafka = kafka;
    this.#row = row;
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    for (const together of requestsOf(records)) await this.#request(together);
  }

  async #request(records: readonly OutgoingRecord[]): Promise<void> {
    const topicMessages = [...Map.groupBy(records, ({ topic }) => topic)].map(([topic, ofTopic]) => ({
      topic,
      messages: ofTopic.map(({ key, value, headers }) => ({ key, value, headers: { ...headers } })),
    }));
    this.#connected ??= this.#connect();
    const connected = this.#connected;
    try {
      await (await connected).sendBatch({ acks: -1, timeout: this.#row.tryMs, topicMessages });
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
    await atMost(
      GOODBYE_MS,
      connected?.then((producer) => producer.disconnect()).catch(() => undefined),
    );
  }

  async #connect(): Promise<KafkaProducer> {
    const producer = this.#kafka.producer({
      idempotent: true,
      maxInFlightRequests: this.#row.bulkhead,
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner, // the same as every other client's
    });
    await producer.connect();
    return producer;
  }
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
    const made = await this.#call(() => this.#admin.createTopics({ topics: wanted, waitForLeaders: false }));
    // The library answers false where the broker says that one of them exists.
    if (!made) throw new BrokerError("a topic of these exists already", { cause: undefined, retryable: false });
    const names = topics.map(({ name }) => name);
    await until(() => this.#withoutLeader(names), LEADERS_MS);
  }

  /**
   * The library's own wait fails when the broker that it asks has not heard of a topic yet. One that is named as the leader may not have
   * heard of that either: its offsets say so.
   */
  async #withoutLeader(topics: string[]): Promise<string | undefined> {
    try {
      const metadata = await this.#call(() => this.#admin.fetchTopicMetadata({ topics }));
      const waiting = metadata.topics.find(({ partitions }) => partitions.some(({ leader }) => leader < 0));
      if (waiting) return `${waiting.name} has no leader`;
      await Promise.all(topics.map((topic) => this.#call(() => this.#admin.fetchTopicOffsets(topic))));
      return undefined;
    } catch (err) {
      if (err instanceof BrokerError && err.retryable) return err.message;
      throw err;
    }
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
        const inOrder = ends.toSorted((a, b) => a.partition - b.partition);
        return inOrder.map(({ partition, low, high }): PartitionLag => {
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
