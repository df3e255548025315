// What the contract suites of the broker's adapters share: a broker by one adapter, with topics and groups of its own, all gone afterwards.
import { anyKafka } from "@muster/resilience/testing";
import { freshTopicPrefix, kafkaBrokers, LogLines, until } from "@muster/testkit";
import {
  type Admin,
  type Batch,
  type BatchHandler,
  type Broker,
  type BrokerClient,
  type Consumer,
  type ConsumerOptions,
  createBroker,
  type OutgoingRecord,
  type Producer,
  type ReceivedRecord,
} from "../src/index.ts";

export class BrokerKit implements AsyncDisposable {
  readonly broker: Broker;
  readonly log: LogLines;
  readonly admin: Admin;
  readonly producer: Producer;
  readonly #prefix = freshTopicPrefix();
  readonly #members: Member[] = [];
  #names = 0;

  private constructor(broker: Broker, log: LogLines) {
    this.broker = broker;
    this.log = log;
    this.admin = broker.admin();
    this.producer = broker.producer();
  }

  static async open(client: BrokerClient, brokers: readonly string[] = kafkaBrokers()): Promise<BrokerKit> {
    const log = new LogLines();
    const options = { client, brokers, clientId: "contract-suite", dependency: anyKafka(), tls: false };
    return new BrokerKit(await createBroker(options, log.logger("events")), log);
  }

  name(): string {
    this.#names += 1;
    return `${this.#prefix}${this.#names}`;
  }

  async topic(partitions = 3): Promise<string> {
    const name = this.name();
    await this.admin.start?.();
    await this.admin.createTopics([{ name, partitions, replicas: 1, settings: {} }]);
    return name;
  }

  /** Of a group of its own, from the earliest record, commits every batch: unless told otherwise. */
  async member(options: Partial<ConsumerOptions> & { readonly topics: readonly string[] }): Promise<Member> {
    const member = new Member(this.broker, { group: this.name(), concurrency: 3, from: "earliest", ...options });
    this.#members.push(member);
    await member.consumer.start();
    return member;
  }

  /** Warnings and errors. */
  complaints(): unknown[] {
    return this.log.lines.filter(({ level }) => Number(level) >= 40 || level === "warn" || level === "error");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
    await this.producer.stop?.();
    await this.admin.stop?.();
  }
}

/** A member of a group that notes what it gets. */
export class Member {
  readonly records: ReceivedRecord[] = [];
  readonly consumer: Consumer;
  #stopped: Promise<void> | undefined;

  constructor(broker: Broker, options: Omit<ConsumerOptions, "handle"> & { readonly handle?: BatchHandler }) {
    const handle = options.handle ?? commitAll;
    this.consumer = broker.consumer({
      ...options,
      handle: (batch) => {
        this.records.push(...batch.records);
        return handle(batch);
      },
    });
  }

  stop(): Promise<void> {
    this.#stopped ??= this.consumer.stop();
    return this.#stopped;
  }

  values(): string[] {
    return this.records.map(({ value }) => value.toString());
  }

  untilAssigned(count: number): Promise<void> {
    return until(() => {
      const assigned = this.consumer.assigned();
      return assigned?.length === count ? undefined : `has ${assigned?.join() ?? "joined no group"}`;
    }, 20_000);
  }

  untilSeen(count: number, timeoutMs = 20_000): Promise<void> {
    return until(() => {
      const { size } = new Set(this.records.map(({ partition, offset }) => `${partition}/${offset}`));
      return size >= count ? undefined : `${size} of ${count} records came`;
    }, timeoutMs);
  }
}

/** The whole batch is done with. */
export function after(batch: Batch): bigint {
  return (batch.records.at(-1)?.offset ?? -1n) + 1n;
}

export const commitAll: BatchHandler = async (batch) => {
  await batch.commit(after(batch));
  return { next: after(batch), pauseMs: 0 };
};

export function record(topic: string, key: string, value: string | Buffer = key): OutgoingRecord {
  return { topic, key, value: Buffer.from(value), headers: {} };
}

/** `count` records, by turns of so many keys: the values of a key count up. */
export function numbered(topic: string, count: number, keys = 7, from = 0): OutgoingRecord[] {
  return Array.from({ length: count }, (_, i) => record(topic, `key-${(from + i) % keys}`, String(from + i)));
}

/** Each key's values in the order of their first coming. */
export function byKey(records: readonly ReceivedRecord[]): Map<string, number[]> {
  const seen = new Map<string, number[]>();
  for (const { key = "", value } of records) {
    const values = seen.get(key) ?? [];
    if (!values.includes(Number(value))) values.push(Number(value));
    seen.set(key, values);
  }
  return seen;
}

/** Keys whose values did not come in their order, or not all. */
export function disorder(records: readonly ReceivedRecord[], count: number, keys = 7): string[] {
  const seen = byKey(records);
  return Array.from({ length: keys }, (_, key) => `key-${key}`).filter((key, i) => {
    const wanted = Array.from({ length: count }, (_, n) => n).filter((n) => n % keys === i);
    return seen.get(key)?.join() !== wanted.join();
  });
}
