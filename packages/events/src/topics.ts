// The topics of Kafka, as they have to be. No I/O. Why: design/backend/v2.1-kafka-topics-and-envelope.md.
import type { TopicDescription } from "./broker/port.ts";

export interface EventTopic {
  readonly name: string;
  /** The property of the events' payloads that is the key: the same for all types of the topic. */
  readonly key: string;
  /** For the topic's life: the key chooses the partition. More of them are another topic. */
  readonly partitions: number;
}

const DAY_MS = 86_400_000;
/** The inbox of a consumer remembers for longer than these. */
export const EVENT_RETENTION_MS = 7 * DAY_MS;
export const DEAD_LETTER_RETENTION_MS = 30 * DAY_MS;
/** Of a batch of records, which counts as one message to the broker: a producer's batch for a partition is smaller. */
export const BATCH_BYTES_MAX = 1024 * 1024;

export const TOPICS: readonly EventTopic[] = [
  { name: "muster.matches.v1", key: "matchId", partitions: 12 },
  { name: "muster.players.v1", key: "playerId", partitions: 12 },
  { name: "muster.chat-reports.v1", key: "channelId", partitions: 6 },
  { name: "muster.ratings.v1", key: "playerId", partitions: 12 },
  { name: "muster.replays.v1", key: "matchId", partitions: 12 },
];

/** How long a retry topic's records wait. */
export const RETRY_DELAYS = [
  { name: "retry-5s", delayMs: 5000 },
  { name: "retry-1m", delayMs: 60_000 },
  { name: "retry-10m", delayMs: 600_000 },
] as const;

/** Who reads a topic, and whether the events of one key must be applied in order. */
export interface Subscription {
  readonly consumer: string;
  readonly topic: string;
  readonly ordered: boolean;
}

export function deadLetterTopic(topic: string, consumer: string): string {
  return `${topic}.${consumer}.dlq`;
}

/** From the shortest delay to the longest. */
export function retryTopics(topic: string, consumer: string): { readonly name: string; readonly delayMs: number }[] {
  return RETRY_DELAYS.map(({ name, delayMs }) => ({ name: `${topic}.${consumer}.${name}`, delayMs }));
}

/** `local` has one broker. */
export type Surroundings = "production" | "local";

/** The topics of all events, and those that these subscriptions need besides. */
export function topicDescriptions(
  subscriptions: readonly Subscription[],
  surroundings: Surroundings,
): TopicDescription[] {
  const describe = (name: string, partitions: number, retentionMs: number): TopicDescription => ({
    name,
    partitions,
    replicas: surroundings === "production" ? 3 : 1,
    settings: {
      "cleanup.policy": "delete",
      "retention.ms": String(retentionMs),
      "max.message.bytes": String(BATCH_BYTES_MAX),
      // With acks=all, a record that was confirmed is on two brokers, and one of them may be lost.
      "min.insync.replicas": surroundings === "production" ? "2" : "1",
      // No leader that has not got everything: rather none.
      "unclean.leader.election.enable": "false",
    },
  });
  return [
    ...TOPICS.map(({ name, partitions }) => describe(name, partitions, EVENT_RETENTION_MS)),
    ...subscriptions.flatMap(({ consumer, topic, ordered }) => {
      const { partitions } = declaredTopic(topic);
      return [
        ...(ordered ? [] : retryTopics(topic, consumer)).map(({ name }) =>
          describe(name, partitions, EVENT_RETENTION_MS),
        ),
        // One partition: few records, and an operator reads them in the order in which they came.
        describe(deadLetterTopic(topic, consumer), 1, DEAD_LETTER_RETENTION_MS),
      ];
    }),
  ];
}

/** @throws Error if there is none of this name: a subscription is code, and wrong */
function declaredTopic(name: string): EventTopic {
  const topic = TOPICS.find((one) => one.name === name);
  if (!topic) throw new Error(`there is no topic ${name}`);
  return topic;
}
