import { until } from "@muster/runtime";
import {
  type BaseOptions,
  ConfigResourceTypes,
  ConfigSources,
  IncrementalAlterConfigOperationTypes,
  Admin as LibraryAdmin,
} from "@platformatic/kafka";
import { brokerError } from "./platformatic-calls.ts";
import { type Admin, BrokerError, type PartitionLag, type TopicDescription } from "./port.ts";

const EARLIEST = -2n;
const LATEST = -1n;
/** For the leaders of new topics. */
const LEADERS_MS = 10_000;

export class PlatformaticAdmin implements Admin {
  readonly name = "kafka admin";
  readonly #admin: LibraryAdmin;

  constructor(base: BaseOptions) {
    this.#admin = new LibraryAdmin({ ...base, metadataMaxAge: 0 });
  }

  async start(): Promise<void> {
    await this.#call(() => this.#admin.metadata({ topics: [] }));
  }

  async stop(): Promise<void> {
    await this.#admin.close();
  }

  async listTopics(): Promise<TopicDescription[]> {
    const names = (await this.#call(() => this.#admin.listTopics())).filter((name) => !name.startsWith("__"));
    if (names.length === 0) return [];
    const { topics } = await this.#call(() => this.#admin.metadata({ topics: names }));
    const resources = names.map((name) => ({ resourceType: ConfigResourceTypes.TOPIC, resourceName: name }));
    const described = await this.#call(() => this.#admin.describeConfigs({ resources }));
    return names.map((name) => {
      const entries = described.find((resource) => resource.resourceName === name)?.configs ?? [];
      const set = entries.filter(({ configSource }) => configSource === ConfigSources.DYNAMIC_TOPIC_CONFIG);
      const topic = topics.get(name);
      return {
        name,
        partitions: topic?.partitionsCount ?? 0,
        replicas: topic?.partitions[0]?.replicas.length ?? 0,
        settings: Object.fromEntries(set.map((entry) => [entry.name, entry.value ?? ""])),
      };
    });
  }

  async createTopics(topics: readonly TopicDescription[]): Promise<void> {
    for (const { name, partitions, replicas, settings } of topics) {
      const configs = Object.entries(settings).map(([setting, value]) => ({ name: setting, value }));
      const wanted = [{ topic: name, partitions, replicas }];
      await this.#call(() => this.#admin.createTopics({ topics: wanted, configs }));
    }
    await until(() => this.#withoutLeader(topics), LEADERS_MS);
  }

  async alterTopic(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([setting, value]) => ({
      name: setting,
      configOperation: IncrementalAlterConfigOperationTypes.SET,
      value,
    }));
    const resources = [{ resourceType: ConfigResourceTypes.TOPIC, resourceName: name, configs }];
    await this.#call(() => this.#admin.incrementalAlterConfigs({ resources }));
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    await this.#call(() => this.#admin.deleteTopics({ topics: [...names] }));
  }

  async lag(group: string, topics: readonly string[]): Promise<PartitionLag[]> {
    const metadata = await this.#call(() => this.#admin.metadata({ topics: [...topics] }));
    const all = topics.map((name) => ({
      name,
      partitionIndexes: [...(metadata.topics.get(name)?.partitions.keys() ?? [])],
    }));
    const [ofGroup] = await this.#call(() =>
      this.#admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: all }] }),
    );
    const [firsts, ends] = [await this.#offsets(all, EARLIEST), await this.#offsets(all, LATEST)];
    return all.flatMap(({ name, partitionIndexes }) =>
      partitionIndexes.map((partition): PartitionLag => {
        const committed = partitionOf(ofGroup?.topics, name, partition)?.committedOffset ?? -1n;
        return {
          topic: name,
          partition,
          committed: committed < 0n ? undefined : committed,
          first: partitionOf(firsts, name, partition)?.offset ?? 0n,
          end: partitionOf(ends, name, partition)?.offset ?? 0n,
        };
      }),
    );
  }

  #offsets(
    topics: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[],
    timestamp: bigint,
  ): ReturnType<LibraryAdmin["listOffsets"]> {
    const asked = topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({ partitionIndex, timestamp })),
    }));
    return this.#call(() => this.#admin.listOffsets({ topics: asked }));
  }

  /**
   * A broker that has not heard of a topic yet says that there is none. One that is named as the leader may not have heard of that either: its
   * offsets say so.
   */
  async #withoutLeader(topics: readonly TopicDescription[]): Promise<string | undefined> {
    try {
      const asked = { topics: topics.map(({ name }) => name), forceUpdate: true };
      const metadata = await this.#call(() => this.#admin.metadata(asked));
      for (const [name, topic] of metadata.topics) {
        if (!topic?.partitions.length || topic.partitions.some(({ leader }) => leader < 0)) {
          return `a partition of ${name} has no leader`;
        }
      }
      await this.#offsets(
        topics.map(({ name, partitions }) => ({ name, partitionIndexes: upTo(partitions) })),
        LATEST,
      );
      return undefined;
    } catch (err) {
      if (err instanceof BrokerError && err.retryable) return err.message;
      throw err;
    }
  }

  async #call<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (err) {
      throw brokerError(err);
    }
  }
}

function partitionOf<P extends { readonly partitionIndex: number }>(
  topics: readonly { readonly name: string; readonly partitions: readonly P[] }[] | undefined,
  topic: string,
  partition: number,
): P | undefined {
  const ofTopic = topics?.find(({ name }) => name === topic)?.partitions;
  return ofTopic?.find(({ partitionIndex }) => partitionIndex === partition);
}

/** Undefined when a broker answers, else why none does. */
export async function probePlatformatic(base: BaseOptions): Promise<string | undefined> {
  const admin = new LibraryAdmin(base);
  try {
    await admin.metadata({ topics: [] });
    return undefined;
  } catch (err) {
    return brokerError(err).message;
  } finally {
    await admin.close().catch(() => undefined); // what is not connected cannot be closed
  }
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}
