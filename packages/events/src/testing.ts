// For tests of services that publish events: what comes on topics, read by a consumer group of its own.
import { randomUUID } from "node:crypto";
import { createLogger } from "@muster/log";
import { anyKafka } from "@muster/resilience/testing";
import { createBroker } from "./broker/broker.ts";
import type { Broker, Consumer } from "./broker/port.ts";
import { decodeEvent } from "./contract/envelope.ts";
import type { EventOf, EventType } from "./contract/events.ts";
import { SUBSCRIPTIONS, topicDescriptions } from "./topics.ts";
import { applyTopics } from "./topics-plan.ts";

export class TopicReader implements AsyncDisposable {
  readonly broker: Broker;
  readonly #consumer: Consumer;
  readonly #events: EventOf<EventType>[] = [];

  private constructor(broker: Broker, topics: readonly string[]) {
    this.broker = broker;
    this.#consumer = broker.consumer({
      group: `test-${randomUUID()}`,
      topics,
      concurrency: 4,
      from: "earliest",
      handle: async ({ records }) => {
        this.#events.push(...records.map(decodeEvent));
        return { next: (records.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
      },
    });
  }

  /** Makes all declared topics first, where they are missing. */
  static async open(brokers: readonly string[], ...topics: readonly string[]): Promise<TopicReader> {
    const log = createLogger("test", "silent");
    const broker = await createBroker(
      { client: "kafkajs", brokers, clientId: "test", dependency: anyKafka(), tls: false },
      log,
    );
    const admin = broker.admin();
    await admin.start?.();
    await applyTopics(admin, topicDescriptions(Object.values(SUBSCRIPTIONS), "local"));
    await admin.stop?.();
    const reader = new TopicReader(broker, topics);
    await reader.#consumer.start();
    return reader;
  }

  /** In the order in which they came. */
  of<T extends EventType>(type: T): EventOf<T>[] {
    return this.#events.filter((event): event is EventOf<T> => event.type === (type as EventType));
  }

  /** Of all types: in the order in which they came, of each key. */
  get events(): readonly EventOf<EventType>[] {
    return this.#events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#consumer.stop();
  }
}
