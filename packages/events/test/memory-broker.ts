// The broker's port in memory, with everything that it allows a broker to do: sends of unknown outcome, records that come twice, a partition
// that moves while its old holder still works, and no answer at all. Nothing happens in it that nobody asked for.
import { setTimeout as sleep } from "node:timers/promises";
import {
  type Admin,
  type Batch,
  type Broker,
  BrokerError,
  type Consumer,
  type ConsumerOptions,
  type OutgoingRecord,
  type Producer,
  type ReceivedRecord,
} from "../src/broker/port.ts";
import { BATCH_BYTES_MAX } from "../src/topics.ts";

/** What becomes of a send: nothing arrives; some partitions' records arrive, and the sender learns nothing; all arrive twice. */
export type SendFault = "lost" | "unknown" | "twice";

const PARTITIONS = 3;
const LOOK_EVERY_MS = 3;
const REST_AFTER_THROW_MS = 20;

type Partition = ReceivedRecord[];

export class MemoryBroker implements Broker {
  readonly #topics = new Map<string, Partition[]>();
  readonly #groups = new Map<string, MemoryGroup>();
  /** Of the next sends, in turn; then they succeed. */
  readonly faults: SendFault[] = [];
  up = true;
  /** Sends wait for it before anything arrives. */
  gate: Promise<void> = Promise.resolve();
  /** Sends that wait for the gate. */
  waiting = 0;
  batchRecordsMax = 50;
  /** How long each send takes, ms. */
  sendMs = 0;

  topic(name: string): Partition[] {
    const topic = this.#topics.get(name) ?? Array.from({ length: PARTITIONS }, () => []);
    this.#topics.set(name, topic);
    return topic;
  }

  group(name: string): MemoryGroup {
    const group = this.#groups.get(name) ?? new MemoryGroup(this);
    this.#groups.set(name, group);
    return group;
  }

  /** @throws BrokerError while it is away */
  async answer(): Promise<void> {
    await sleep(1);
    if (!this.up) throw new BrokerError("nobody answers", { cause: undefined, retryable: true });
  }

  producer(): Producer {
    return { name: "producer", send: (records) => this.#send(records) };
  }

  consumer(options: ConsumerOptions): Consumer {
    return new MemoryConsumer(this.group(options.group), options);
  }

  admin(): Admin {
    const topicsAreMade = async (): Promise<void> => undefined;
    const missing = async (): Promise<never> => {
      throw new Error("the broker in memory cannot do this");
    };
    return {
      name: "admin",
      createTopics: topicsAreMade,
      listTopics: missing,
      alterTopic: missing,
      deleteTopics: missing,
      lag: async (_group, topics) =>
        topics.flatMap((topic) =>
          this.topic(topic).map(({ length }, partition) => ({
            topic,
            partition,
            committed: undefined,
            first: 0n,
            end: BigInt(length),
          })),
        ),
    };
  }

  async probe(): Promise<string | undefined> {
    return this.up ? undefined : "nobody answers";
  }

  async #send(records: readonly OutgoingRecord[]): Promise<void> {
    this.waiting++;
    await this.gate;
    this.waiting--;
    await sleep(this.sendMs);
    await this.answer();
    const fault = this.faults.shift();
    const unknown = new BrokerError("no answer in time", { cause: undefined, retryable: true });
    if (fault === "lost") throw unknown;
    const parts = [...Map.groupBy(records, ({ topic, key }) => `${topic}/${partitionOf(key)}`).values()];
    for (const part of parts) {
      const bytes = part.reduce((sum, record) => sum + bytesOf(record), 0);
      if (bytes > BATCH_BYTES_MAX)
        throw new BrokerError("too much for one partition", { cause: undefined, retryable: false });
    }
    for (const part of parts.slice(0, fault === "unknown" ? Math.ceil(parts.length / 2) : undefined))
      for (let times = fault === "twice" ? 2 : 1; times > 0; times--) for (const record of part) this.#append(record);
    if (fault === "unknown") throw unknown;
  }

  #append({ topic, key, value, headers }: OutgoingRecord): void {
    const partition = partitionOf(key);
    const log = this.topic(topic)[partition] as Partition;
    log.push({ topic, partition, offset: BigInt(log.length), key, value, headers, timestampMs: Date.now() });
  }
}

function bytesOf({ key, value, headers }: OutgoingRecord): number {
  const texts = [key, ...Object.entries(headers).flat()];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), value.length);
}

function partitionOf(key: string): number {
  let hash = 7;
  for (const byte of Buffer.from(key)) hash = (hash * 31 + byte) >>> 0;
  return hash % PARTITIONS;
}

class MemoryGroup {
  readonly broker: MemoryBroker;
  readonly committed = new Map<string, bigint>();
  readonly #members: MemoryConsumer[] = [];
  generation = 0;

  constructor(broker: MemoryBroker) {
    this.broker = broker;
  }

  join(member: MemoryConsumer): void {
    this.#members.push(member);
    this.rebalance();
  }

  leave(member: MemoryConsumer): void {
    this.#members.splice(this.#members.indexOf(member), 1);
    this.rebalance();
  }

  /** Every partition moves on to the next member, at once: its old one learns that from its next call. */
  rebalance(): void {
    this.generation++;
    const taken = new Map<MemoryConsumer, string[]>(this.#members.map((member) => [member, []]));
    const topics = [...new Set(this.#members.flatMap(({ topics: names }) => names))];
    const partitions = topics.flatMap((topic) => this.broker.topic(topic).map((_, i) => `${topic}/${i}`));
    for (const [i, partition] of partitions.entries()) {
      const member = this.#members[(i + this.generation) % this.#members.length];
      if (member) taken.get(member)?.push(partition);
    }
    for (const [member, own] of taken) member.begin(own, this.generation);
  }

  /** As by an operator, or a commit that was lost: up to so many records of each partition come again. */
  rewind(records: number): void {
    for (const [partition, offset] of this.committed)
      this.committed.set(partition, offset > BigInt(records) ? offset - BigInt(records) : 0n);
    this.rebalance();
  }
}

class MemoryConsumer implements Consumer {
  readonly name: string;
  readonly topics: readonly string[];
  readonly #group: MemoryGroup;
  readonly #options: ConsumerOptions;
  readonly #running = new Set<Promise<void>>();
  #assigned: readonly string[] | undefined;
  #stopping = false;

  constructor(group: MemoryGroup, options: ConsumerOptions) {
    this.name = `consumer ${options.group}`;
    this.topics = options.topics;
    this.#group = group;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#group.join(this);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#running);
    this.#group.leave(this);
    this.#assigned = undefined;
  }

  assigned(): readonly string[] | undefined {
    return this.#assigned;
  }

  begin(partitions: readonly string[], generation: number): void {
    this.#assigned = partitions;
    if (this.#stopping) return;
    for (const partition of partitions) {
      const running = this.#consume(partition, generation).finally(() => this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #consume(id: string, generation: number): Promise<void> {
    const { broker, committed } = this.#group;
    const [topic, partition] = [id.slice(0, id.lastIndexOf("/")), Number(id.slice(id.lastIndexOf("/") + 1))];
    const member = (): boolean => this.#group.generation === generation && !this.#stopping;
    let position = committed.get(id) ?? 0n;
    while (member()) {
      const log = broker.topic(topic)[partition] as Partition;
      const records = broker.up ? log.slice(Number(position), Number(position) + broker.batchRecordsMax) : [];
      if (records.length === 0) {
        await sleep(LOOK_EVERY_MS);
        continue;
      }
      const asMember = async (): Promise<void> => {
        await broker.answer();
        if (this.#group.generation !== generation)
          throw new BrokerError("another generation", { cause: undefined, retryable: true });
      };
      const batch: Batch = {
        topic,
        partition,
        records,
        end: BigInt(log.length),
        owned: () => !this.#stopping,
        commit: async (offset) => {
          await asMember();
          committed.set(id, offset);
        },
        heartbeat: asMember,
      };
      try {
        const { next, pauseMs } = await this.#options.handle(batch);
        position = next;
        await sleep(pauseMs);
      } catch {
        await sleep(REST_AFTER_THROW_MS);
      }
    }
  }
}
