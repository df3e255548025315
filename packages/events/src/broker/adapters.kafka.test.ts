// The contract of the port, for every adapter of it, against a real broker: records, topics, and a broker that refuses. Groups and outages
// are in the two files beside this one.
import { describeWithKafka, until } from "@muster/testkit";
import fc from "fast-check";
import { expect, it } from "vitest";
import { BrokerKit, disorder, type Member, numbered, record } from "../../test/broker-kit.ts";
import { BROKER_CLIENTS, BrokerError, type OutgoingRecord } from "../index.ts";

/** A port of which the system gives none away, so nobody listens on it. */
const NOBODY = "127.0.0.1:1";
const FAILS_WITHIN_MS = 20_000;

async function refusalOf(call: Promise<unknown>): Promise<BrokerError> {
  const err = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(err).toBeInstanceOf(BrokerError);
  return err as BrokerError;
}

async function partitionsOf(member: Member, count: number): Promise<Map<string, number>> {
  await member.untilSeen(count);
  return new Map(member.records.map(({ key = "", partition }) => [key, partition]));
}

describeWithKafka.each(BROKER_CLIENTS)("records by %s", (client) => {
  it("arrive in the order of their keys, over all partitions, also when calls run side by side", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic();
    const member = await kit.member({ topics: [topic] });
    for (let from = 0; from < 1000; from += 100) await kit.producer.send(numbered(topic, 100, 7, from));
    const others = Array.from({ length: 8 }, (_, i) => record(topic, `other-${i}`));
    await Promise.all(others.map((one) => kit.producer.send([one])));
    await member.untilSeen(1008);
    expect(disorder(member.records, 1000)).toEqual([]);
    expect(new Set(member.records.map(({ partition }) => partition)).size).toBe(3);
    expect(member.records.length).toBe(1008);
    expect(kit.complaints()).toEqual([]);
  });

  it("come as they were sent: headers or none, any key, any value, and when", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const sent: OutgoingRecord[] = [
      { topic, key: "none", value: Buffer.from("v"), headers: {} },
      { topic, key: "some", value: Buffer.from([0, 255, 128]), headers: { type: "match.ended", empty: "", ä: "ö🎲" } },
      { topic, key: "", value: Buffer.alloc(0), headers: { only: "this" } },
      { topic, key: "schlüssel-鍵-🔑", value: Buffer.from("ünï"), headers: {} },
    ];
    const begun = Date.now();
    await kit.producer.send(sent);
    await kit.producer.send([]);
    const member = await kit.member({ topics: [topic] });
    await member.untilSeen(sent.length);
    expect(member.records.map(({ key, value, headers }) => ({ topic, key, value, headers }))).toEqual(sent);
    expect(member.records.map(({ offset }) => offset)).toEqual([0n, 1n, 2n, 3n]);
    for (const { timestampMs } of member.records) expect(Math.abs(timestampMs - begun)).toBeLessThan(60_000);
  });

  it("may be large, and many: only one that is larger than the broker's limit is refused, for good", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const large = record(topic, "large", Buffer.alloc(1_000_000, "a"));
    // More than a broker takes in one batch, and they are all for one partition.
    const many = Array.from({ length: 30 }, (_, i) => record(topic, "many", `${i}-${"b".repeat(100_000)}`));
    await kit.producer.send([...many, large, ...many]);
    const refusal = await refusalOf(kit.producer.send([record(topic, "too large", Buffer.alloc(1_100_000))]));
    expect(refusal.retryable).toBe(false);
    expect(refusal.message).toContain("MESSAGE_TOO_LARGE");
    await kit.producer.send([record(topic, "after")]);
    const member = await kit.member({ topics: [topic] });
    await member.untilSeen(62);
    const order = [...many, large, ...many].map(({ value }) => value.subarray(0, 3).toString());
    expect(member.records.map(({ value }) => value.subarray(0, 3).toString())).toEqual([...order, "aft"]);
    expect(member.records[30]?.value.length).toBe(1_000_000);
  });

  it("for a topic that is not there are refused, in bounded time; the topic is not made, and may come later", async () => {
    await using kit = await BrokerKit.open(client);
    const missing = kit.name();
    const begun = performance.now();
    const refusal = await refusalOf(kit.producer.send([record(missing, "k")]));
    expect(refusal.retryable).toBe(true);
    expect(performance.now() - begun).toBeLessThan(FAILS_WITHIN_MS);
    await kit.admin.start?.();
    expect((await kit.admin.listTopics()).map(({ name }) => name)).not.toContain(missing);
    await kit.admin.createTopics([{ name: missing, partitions: 1, replicas: 1, settings: {} }]);
    await kit.producer.send([record(missing, "k")]);
  });

  it("are handled some milliseconds after they were sent, while nothing else happens", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic();
    const handledAt = new Map<string, number>();
    const member = await kit.member({
      topics: [topic],
      handle: async (batch) => {
        for (const { key = "" } of batch.records) handledAt.set(key, performance.now());
        return { next: (batch.records.at(-1)?.offset ?? 0n) + 1n, pauseMs: 0 };
      },
    });
    await member.untilAssigned(3);
    await kit.producer.send([record(topic, "first")]);
    await member.untilSeen(1);
    const tookMs: number[] = [];
    for (let i = 0; i < 40; i += 1) {
      const sentAt = performance.now();
      await kit.producer.send([record(topic, `key-${i}`)]);
      await until(() => (handledAt.has(`key-${i}`) ? undefined : "not handled"));
      tookMs.push((handledAt.get(`key-${i}`) ?? 0) - sentAt);
    }
    const median = tookMs.toSorted((a, b) => a - b)[20];
    expect(median).toBeLessThan(60);
  });
});

describeWithKafka("a key", () => {
  it("is in the same partition, whichever adapter sent it", async () => {
    const kits = await Promise.all(BROKER_CLIENTS.map((client) => BrokerKit.open(client)));
    const topics = await Promise.all(kits.map((kit) => kit.topic(13)));
    const keys = fc.sample(fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.uuid()), 500);
    keys.push("", "a", "ab", "abc", "abcd", "ä", "🎲", "\u{10ffff}");
    const partitions = await Promise.all(
      kits.map(async (kit, i) => {
        const topic = topics[i] ?? "";
        await kit.producer.send(keys.map((key) => record(topic, key)));
        return partitionsOf(await kit.member({ topics: [topic] }), keys.length);
      }),
    );
    expect(partitions[0]?.size).toBeGreaterThan(300);
    expect(partitions[1]).toEqual(partitions[0]);
    await Promise.all(kits.map((kit) => kit[Symbol.asyncDispose]()));
  });
});

describeWithKafka("a group with members by both adapters", () => {
  it("divides its partitions, whoever comes first", async () => {
    for (const [one, other] of [BROKER_CLIENTS, BROKER_CLIENTS.toReversed()]) {
      if (!one || !other) throw new Error("there are two adapters");
      await using kit = await BrokerKit.open(one);
      await using otherKit = await BrokerKit.open(other);
      const topic = await kit.topic(4);
      const group = kit.name();
      const first = await kit.member({ topics: [topic], group });
      await first.untilAssigned(4);
      const second = await otherKit.member({ topics: [topic], group });
      await Promise.all([first.untilAssigned(2), second.untilAssigned(2)]);
      await kit.producer.send(numbered(topic, 200, 20));
      await until(() => {
        const count = first.records.length + second.records.length;
        return count === 200 ? undefined : `${count} records`;
      });
      await first.stop();
      await second.untilAssigned(4);
    }
  });
});

describeWithKafka.each(BROKER_CLIENTS)("an admin by %s", (client) => {
  it("makes topics, says what they are like, changes single settings, and deletes them", async () => {
    await using kit = await BrokerKit.open(client);
    const { admin } = kit;
    await admin.start?.();
    const [one, two] = [
      {
        name: kit.name(),
        partitions: 5,
        replicas: 1,
        settings: { "retention.ms": "86400000", "cleanup.policy": "delete" },
      },
      { name: kit.name(), partitions: 1, replicas: 1, settings: {} },
    ];
    const mine = async () => (await admin.listTopics()).filter(({ name }) => name === one.name || name === two.name);
    await admin.createTopics([one, two]);
    expect(await mine()).toEqual(expect.arrayContaining([one, two]));
    await admin.alterTopic(one.name, { "retention.ms": "3600000", "max.message.bytes": "2000000" });
    const settings = { ...one.settings, "retention.ms": "3600000", "max.message.bytes": "2000000" };
    expect(await mine()).toEqual(expect.arrayContaining([{ ...one, settings }, two]));

    const exists = await refusalOf(admin.createTopics([two]));
    expect(exists.retryable).toBe(false);
    const wrong = await refusalOf(admin.alterTopic(two.name, { "retention.ms": "soon" }));
    expect(wrong.retryable).toBe(false);
    expect((await refusalOf(admin.createTopics([{ ...two, name: kit.name(), replicas: 3 }]))).retryable).toBe(false);

    await admin.deleteTopics([one.name, two.name]);
    await until(async () => ((await mine()).length === 0 ? undefined : "they are still there"));
  });

  it("tells how far a group is behind, in records", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(2);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 100));
    const before = await kit.admin.lag(group, [topic]);
    expect(before.map(({ partition, committed, first }) => ({ partition, committed, first }))).toEqual([
      { partition: 0, committed: undefined, first: 0n },
      { partition: 1, committed: undefined, first: 0n },
    ]);
    expect(before.reduce((sum, { end }) => sum + end, 0n)).toBe(100n);
    const member = await kit.member({ topics: [topic], group });
    await member.untilSeen(100);
    await member.stop();
    await kit.producer.send(numbered(topic, 10));
    const later = await kit.admin.lag(group, [topic]);
    expect(later.reduce((sum, { end, committed = 0n }) => sum + end - committed, 0n)).toBe(10n);
  });
});

describeWithKafka.each(BROKER_CLIENTS)("without a broker, %s", (client) => {
  it("says why none answers, and fails in bounded time with what may be tried again", async () => {
    await using kit = await BrokerKit.open(client, [NOBODY]);
    const begun = performance.now();
    expect(await kit.broker.probe()).toContain("ECONNREFUSED");
    expect(performance.now() - begun).toBeLessThan(5000);
    const refusal = await refusalOf(kit.producer.send([record("topic", "key")]));
    expect(refusal.retryable).toBe(true);
    expect(refusal.message).toContain("ECONNREFUSED");
    expect((await refusalOf(kit.admin.listTopics())).retryable).toBe(true);
    const member = await kit.member({ topics: ["topic"] });
    expect(member.consumer.assigned()).toBe(undefined);
    await member.stop();
    expect(performance.now() - begun).toBeLessThan(FAILS_WITHIN_MS);
  });

  it("finds one that is there", async () => {
    await using kit = await BrokerKit.open(client);
    expect(await kit.broker.probe()).toBe(undefined);
  });
});
