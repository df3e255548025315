import { describe, expect, it } from "vitest";
import { PAYLOAD_BYTES_MAX } from "./contract/envelope.ts";
import { EVENT_TYPES, EVENTS } from "./contract/events.ts";
import {
  BATCH_BYTES_MAX,
  DEAD_LETTER_RETENTION_MS,
  EVENT_RETENTION_MS,
  type Subscription,
  topicDescriptions,
  TOPICS,
} from "./topics.ts";

it("every type has a declared topic, every topic a type, and one key for all of its types", () => {
  const used = EVENT_TYPES.map((type) => ({ name: EVENTS[type].topic, key: EVENTS[type].key as string }));
  const distinct = [...new Map(used.map((one) => [`${one.name} ${one.key}`, one])).values()];
  const declared = TOPICS.map(({ name, key }) => ({ name, key }));
  const byName = (a: { name: string }, b: { name: string }): number => a.name.localeCompare(b.name);
  expect(distinct.toSorted(byName)).toEqual(declared.toSorted(byName));
});

it("the largest payload leaves room for the headers of its record in a batch", () => {
  expect(PAYLOAD_BYTES_MAX * 2).toBeLessThan(BATCH_BYTES_MAX);
});

describe("the topics of a consumer", () => {
  const ratings: Subscription = { consumer: "ratings", topic: "muster.matches.v1", ordered: true };
  const replays: Subscription = { consumer: "replays", topic: "muster.matches.v1", ordered: false };

  it("are one for dead letters, and retry topics only if it needs no order", () => {
    const own = topicDescriptions([ratings, replays], "local").slice(TOPICS.length);
    expect(own.map(({ name, partitions }) => [name, partitions])).toEqual([
      ["muster.matches.v1.ratings.dlq", 1],
      ["muster.matches.v1.replays.retry-5s", 12],
      ["muster.matches.v1.replays.retry-1m", 12],
      ["muster.matches.v1.replays.retry-10m", 12],
      ["muster.matches.v1.replays.dlq", 1],
    ]);
    expect(own.map(({ settings }) => Number(settings["retention.ms"]))).toEqual([
      DEAD_LETTER_RETENTION_MS,
      EVENT_RETENTION_MS,
      EVENT_RETENTION_MS,
      EVENT_RETENTION_MS,
      DEAD_LETTER_RETENTION_MS,
    ]);
  });

  it("cannot be those of a topic that there is not", () => {
    expect(() => topicDescriptions([{ ...ratings, topic: "muster.games.v1" }], "local")).toThrow("muster.games.v1");
  });
});

it.each(["production", "local"] as const)("nothing that was confirmed is lost with one broker: %s", (surroundings) => {
  const topics = topicDescriptions([], surroundings);
  expect(topics).toHaveLength(TOPICS.length);
  const replicas = surroundings === "production" ? 3 : 1;
  for (const { replicas: count, settings } of topics) {
    expect(count).toBe(replicas);
    expect(settings).toEqual({
      "cleanup.policy": "delete",
      "retention.ms": "604800000",
      "max.message.bytes": "1048576",
      "min.insync.replicas": surroundings === "production" ? "2" : "1",
      "unclean.leader.election.enable": "false",
    });
  }
});

it("names have what Kafka allows, and no underscore, which its metrics take for a dot", () => {
  const all = topicDescriptions([{ consumer: "replays", topic: "muster.matches.v1", ordered: false }], "local");
  for (const { name } of all) expect(name).toMatch(/^[a-z0-9.-]{1,249}$/);
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});
