// The topics of Kafka, as they have to be. Why: design/backend/v2.1-kafka-topics-and-envelope.md.
import type { TopicDescription } from "./broker/port.ts";
import type { ConsumerTopics } from "./consumer/options.ts";
import { RETRY_POLICY } from "./consumer/retry-policy.ts";

export interface EventTopic {
  readonly name: string;
  /** The property of the events' payloads that is the key: the same for all types of the topic. */
  readonly key: string;
  /** For the topic's life: the key chooses the partition. More of them are another topic. */
  readonly partitions: number;
}

const DAY_MS = 86_400_000;
/** The inbox of a consumer remembers for longer than an event can be in a topic, then in the DLQ, then be replayed. */
export const EVENT_RETENTION_MS = 7 * DAY_MS;
export const DLQ_RETENTION_MS = 30 * DAY_MS;
export const REPLAY_RETENTION_MS = 7 * DAY_MS;
/** Records are deleted by the segment, by the age of its newest: one stays for up to this much longer. Kafka's own is a week. */
export const SEGMENT_MS = DAY_MS;
/** The most that a producer may send to a partition at once: to the broker, all of it is one message. */
export const BATCH_BYTES_MAX = 1024 * 1024;
/** Of a record besides its payload, at most: headers, key, framing. */
export const RECORD_OVERHEAD_BYTES = 768;

export const TOPICS: readonly EventTopic[] = [
  { name: "muster.matches.v1", key: "matchId", partitions: 12 },
  { name: "muster.players.v1", key: "playerId", partitions: 12 },
  { name: "muster.chat-reports.v1", key: "channelId", partitions: 6 },
  { name: "muster.ratings.v1", key: "playerId", partitions: 12 },
  { name: "muster.replays.v1", key: "matchId", partitions: 12 },
];

/** What operators did with dead letters, one record each: design/backend/v2.1-dlq.md. */
export const DLQ_AUDIT_TOPIC = "muster.dlq-audit.v1";
export const DLQ_AUDIT_RETENTION_MS = 2 * 365 * DAY_MS;

const RETRY_PARTITIONS = 6;

/** A consumer as the broker has to know it. */
export interface Subscription {
  /** As in the inbox: `rating-service`. */
  readonly consumer: string;
  readonly events: readonly string[];
  readonly order: "per key" | "none";
}

/** All consumers. */
export const SUBSCRIPTIONS = {
  "rating-service": {
    consumer: "rating-service",
    events: ["muster.matches.v1", "muster.players.v1"],
    order: "none", // it puts results in order itself
  },
  "replay-service": {
    consumer: "replay-service",
    events: ["muster.matches.v1"],
    order: "none", // a match has one end, and no other match has to do with it
  },
} as const satisfies Readonly<Record<string, Subscription>>;

/** A consumer's own topics belong to it and not to what it reads: a replay for one consumer must not reach the others again. */
export function consumerTopics({ consumer, events, order }: Subscription): ConsumerTopics {
  const own = (suffix: string): string => `muster.consumers.${consumer}.${suffix}`;
  return {
    events,
    replay: own("replay"),
    dlq: own("dlq"),
    retry: order === "none" ? RETRY_POLICY.retryTopicsMs.map((ms) => own(`retry-${shown(ms)}`)) : [],
  };
}

/** `local` has one broker. */
export type Surroundings = "production" | "local";

/** The topics of all events, and those that these consumers have for themselves. */
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
      "segment.ms": String(SEGMENT_MS),
      "max.message.bytes": String(BATCH_BYTES_MAX),
      // With acks=all, a record that was confirmed is on two brokers, and one of them may be lost.
      "min.insync.replicas": surroundings === "production" ? "2" : "1",
      // A partition without an up-to-date replica has no leader, rather than one that has lost records.
      "unclean.leader.election.enable": "false",
    },
  });
  return [
    ...TOPICS.map(({ name, partitions }) => describe(name, partitions, EVENT_RETENTION_MS)),
    describe(DLQ_AUDIT_TOPIC, 1, DLQ_AUDIT_RETENTION_MS),
    ...subscriptions.flatMap((subscription) => {
      const { events, replay, dlq, retry } = consumerTopics(subscription);
      for (const name of events) if (!isDeclared(name)) throw new Error(`there is no topic ${name}`);
      return [
        ...retry.map((name) => describe(name, RETRY_PARTITIONS, EVENT_RETENTION_MS)),
        // One partition each: few records, which an operator reads and replays in the order in which they came.
        describe(replay, 1, REPLAY_RETENTION_MS),
        describe(dlq, 1, DLQ_RETENTION_MS),
      ];
    }),
  ];
}

function isDeclared(name: string): boolean {
  return TOPICS.some((topic) => topic.name === name);
}

/** 5s, 1m, 10m */
function shown(ms: number): string {
  return ms < 60_000 ? `${ms / 1000}s` : `${ms / 60_000}m`;
}
