// What Muster needs of Kafka, and all that it knows of it: adapters of this port are the only files that import a client library.
// `adapters.kafka.test.ts` is the contract suite that every adapter passes against a real broker.
import type { KafkaDependencies } from "@muster/resilience";
import type { Component } from "@muster/runtime";

export interface OutgoingRecord {
  readonly topic: string;
  /** Records with the same key go to the same partition, and stay in order. */
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReceivedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
  /** Undefined for a record without one, which none of ours is. */
  readonly key: string | undefined;
  /** Empty for a tombstone. */
  readonly value: Buffer;
  /** Of a header that occurs twice, the last. */
  readonly headers: Readonly<Record<string, string>>;
  /** When the broker or the producer dated it, milliseconds since 1970. */
  readonly timestampMs: number;
}

export interface Producer extends Component {
  /**
   * Resolves when all in-sync replicas have all records. Records of one partition arrive in the order given, also across calls that
   * were awaited one after another.
   * @throws BrokerError when that is not known of all of them: any number of them may have arrived.
   */
  send(records: readonly OutgoingRecord[]): Promise<void>;
}

/** Records of one partition in the order of their offsets, while this member of the group has the partition. */
export interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly ReceivedRecord[];
  /** The offset after the partition's last record, as far as the broker said with this batch. */
  readonly end: bigint;
  /** False once another member may have the partition, or will soon, or the consumer is stopping: begin nothing more, commit, return. */
  owned(): boolean;
  /**
   * All records below this offset are done with; a member that takes over begins here. Also after `owned` has become false.
   * @throws BrokerError: one that is not retryable when this member has lost the partition
   */
  commit(offset: bigint): Promise<void>;
  /**
   * Tells the broker that this member lives. Call it between records; it does nothing when called too often. It does not fail:
   * what the broker answers shows in `owned`.
   */
  heartbeat(): Promise<void>;
}

/**
 * Returns when the batch is done with, or as far as it got: the offset to go on at, and how long the partition rests before that.
 * Batches of one partition come one after another, those of different partitions side by side.
 */
export type BatchHandler = (batch: Batch) => Promise<{ readonly next: bigint; readonly pauseMs: number }>;

export interface ConsumerOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Partitions whose batches are handled side by side. */
  readonly concurrency: number;
  /** A group that is new begins with the first record there is, or with those that come from now on. */
  readonly from: "earliest" | "latest";
  /** Bytes of one fetch and partition, at most; a larger record still comes, alone. */
  readonly fetchBytesMax?: number;
  /** A member that says nothing for so long has left its group: one whose process is gone, or whose handler neither returns nor speaks. */
  readonly sessionMs?: number;
  readonly handle: BatchHandler;
}

export interface Consumer extends Component {
  /** Resolves at once: the member joins its group when a broker is there, and joins again whenever it has lost it. */
  start(): Promise<void>;
  /** Resolves when the batches under way have ended and the group is left. */
  stop(): Promise<void>;
  /** Partitions that this member has, as "topic/partition"; undefined while it is not in the group. */
  assigned(): readonly string[] | undefined;
}

export interface TopicDescription {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  /** As the broker writes them: `retention.ms`. Only those that differ from the broker's defaults. */
  readonly settings: Readonly<Record<string, string>>;
}

export interface PartitionLag {
  readonly topic: string;
  readonly partition: number;
  /** The offset that the group goes on at; undefined when it has committed none. */
  readonly committed: bigint | undefined;
  /** The first offset that is still there, and the one after the last. */
  readonly first: bigint;
  readonly end: bigint;
}

export interface Admin extends Component {
  listTopics(): Promise<TopicDescription[]>;
  /** @throws BrokerError when one exists already, or cannot be made */
  createTopics(topics: readonly TopicDescription[]): Promise<void>;
  /** Sets these settings of a topic that exists; its others stay. */
  alterTopic(name: string, settings: Readonly<Record<string, string>>): Promise<void>;
  deleteTopics(names: readonly string[]): Promise<void>;
  /** Of all partitions of these topics, in their order. */
  lag(group: string, topics: readonly string[]): Promise<PartitionLag[]>;
}

export interface Broker {
  producer(): Producer;
  consumer(options: ConsumerOptions): Consumer;
  admin(): Admin;
  /** Undefined when a broker answers, else why none does. */
  probe(): Promise<string | undefined>;
}

/** The broker could not be reached, did not answer in time, or refused. */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /** False: the same call will fail again, like one with a record that is too large. */
  readonly retryable: boolean;

  constructor(message: string, options: { readonly cause: unknown; readonly retryable: boolean }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
  }
}

export interface BrokerOptions {
  /** host:port */
  readonly brokers: readonly string[];
  /** For the broker's logs. */
  readonly clientId: string;
  /** Its rows in the table of packages/resilience: one that has no consumer makes none. */
  readonly dependency: KafkaDependencies;
  readonly tls: boolean;
  /** The certificates by which the brokers' are checked, PEM; those that Node trusts by default. */
  readonly ca?: string;
  readonly sasl?: {
    readonly mechanism: "plain" | "scram-sha-256" | "scram-sha-512";
    readonly username: string;
    readonly password: string;
  };
}
