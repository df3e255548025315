import { describe, expect, it } from "vitest";
import { PAYLOAD_BYTES_MAX } from "./contract/envelope.ts";
import { EVENT_TYPES, EVENTS } from "./contract/events.ts";
import { INBOX_DAYS } from "./consumer/index.ts";
import {
  BATCH_BYTES_MAX,
  consumerTopics,
  DLQ_AUDIT_TOPIC,
  DLQ_RETENTION_MS,
  EVENT_RETENTION_MS,
  REPLAY_RETENTION_MS,
  SEGMENT_MS,
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

it("an inbox remembers an event for longer than it can take to come again: by a topic, the DLQ and a replay", () => {
  const stays = [EVENT_RETENTION_MS, DLQ_RETENTION_MS, REPLAY_RETENTION_MS].map((ms) => ms + SEGMENT_MS);
  expect(INBOX_DAYS * 86_400_000).toBeGreaterThan(stays.reduce((sum, ms) => sum + ms));
  for (const { settings } of topicDescriptions([], "local")) expect(settings["segment.ms"]).toBe(String(SEGMENT_MS));
});

describe("a consumer's own topics", () => {
  const ordered: Subscription = { consumer: "rating-service", events: ["muster.matches.v1"], order: "per key" };
  const unordered: Subscription = { consumer: "replay-service", events: ["muster.matches.v1"], order: "none" };

  it("are for replays and dead letters, and for retries if it needs no order", () => {
    const own = topicDescriptions([ordered, unordered], "local").slice(TOPICS.length + 1);
    expect(own.map(({ name, partitions, settings }) => [name, partitions, Number(settings["retention.ms"])])).toEqual([
      ["muster.consumers.rating-service.replay", 1, REPLAY_RETENTION_MS],
      ["muster.consumers.rating-service.dlq", 1, DLQ_RETENTION_MS],
      ["muster.consumers.replay-service.retry-5s", 6, EVENT_RETENTION_MS],
      ["muster.consumers.replay-service.retry-1m", 6, EVENT_RETENTION_MS],
      ["muster.consumers.replay-service.retry-10m", 6, EVENT_RETENTION_MS],
      ["muster.consumers.replay-service.replay", 1, REPLAY_RETENTION_MS],
      ["muster.consumers.replay-service.dlq", 1, DLQ_RETENTION_MS],
    ]);
    const { events, ...topics } = consumerTopics(unordered);
    expect(events).toEqual(["muster.matches.v1"]);
    expect(own.slice(2).map(({ name }) => name)).toEqual([...topics.retry, topics.replay, topics.dlq]);
  });

  it("do not exist for a consumer of a topic that there is not", () => {
    expect(() => topicDescriptions([{ ...ordered, events: ["muster.games.v1"] }], "local")).toThrow("muster.games.v1");
  });

  it("have names that Kafka allows, without underscores, which its metrics take for dots", () => {
    const all = topicDescriptions([ordered, unordered], "local");
    for (const { name } of all) expect(name).toMatch(/^[a-z0-9.-]{1,249}$/);
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
  });
});

it.each(["production", "local"] as const)("nothing that was confirmed is lost with one broker: %s", (surroundings) => {
  const topics = topicDescriptions([], surroundings);
  expect(topics).toHaveLength(TOPICS.length + 1);
  const replicas = surroundings === "production" ? 3 : 1;
  for (const { name, replicas: count, settings } of topics) {
    expect(count).toBe(replicas);
    expect(settings).toEqual({
      "cleanup.policy": "delete",
      "retention.ms": name === DLQ_AUDIT_TOPIC ? "63072000000" : "604800000",
      "segment.ms": "86400000",
      "max.message.bytes": "1048576",
      "min.insync.replicas": surroundings === "production" ? "2" : "1",
      "unclean.leader.election.enable": "false",
    });
  }
});
