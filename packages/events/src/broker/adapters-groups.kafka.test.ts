// The contract of the port, for every adapter of it, against a real broker: consumers and their groups.
import { describeWithKafka, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { after, BrokerKit, commitAll, disorder, type Member, numbered, record } from "../../test/broker-kit.ts";
import { type Batch, BROKER_CLIENTS } from "../index.ts";

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function committedSum(kit: BrokerKit, group: string, topic: string): Promise<bigint> {
  return (await kit.admin.lag(group, [topic])).reduce((sum, { committed = 0n }) => sum + committed, 0n);
}

describeWithKafka.each(BROKER_CLIENTS)("a new group by %s", (client) => {
  it("begins with the earliest record, or with those that come from now on", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic();
    await kit.producer.send(numbered(topic, 50));
    const earliest = await kit.member({ topics: [topic], from: "earliest" });
    const latest = await kit.member({ topics: [topic], from: "latest", handle: commitAll });
    await Promise.all([earliest.untilSeen(50), latest.untilAssigned(3)]);
    // It has found where it begins when a record sent over and over comes: until then it may be before or after.
    await until(async () => {
      for (let key = 0; key < 7; key += 1) await kit.producer.send([record(topic, `key-${key}`, "9999")]);
      return latest.records.length > 0 ? undefined : "nothing came";
    });
    expect(new Set(latest.values())).toEqual(new Set(["9999"]));
    await kit.producer.send(numbered(topic, 50, 7, 50));
    await earliest.untilSeen(100);
    expect(
      disorder(
        earliest.records.filter(({ value }) => value.toString() !== "9999"),
        100,
      ),
    ).toEqual([]);
    expect(kit.complaints()).toEqual([]);
  });

  it("goes on at the offset that was committed, not at the one that was reached", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 20));
    const first = await kit.member({
      topics: [topic],
      group,
      handle: async (batch) => {
        if (batch.records.some(({ offset }) => offset === 11n)) await batch.commit(12n);
        return { next: after(batch), pauseMs: 0 };
      },
    });
    await first.untilSeen(20);
    await until(async () => ((await committedSum(kit, group, topic)) === 12n ? undefined : "not committed"));
    await first.stop();
    const second = await kit.member({ topics: [topic], group });
    await second.untilSeen(8);
    expect(second.records[0]?.offset).toBe(12n);
    expect(second.records.length).toBe(8);
    expect(kit.complaints()).toEqual([]);
  });
});

describeWithKafka.each(BROKER_CLIENTS)("a handler by %s", (client) => {
  it("that is not through gets the rest again after the pause, while other partitions flow", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(3);
    await kit.producer.send(numbered(topic, 300));
    const pauseMs = 1500;
    let stuck: Batch | undefined;
    let again: { records: readonly { offset: bigint }[]; afterMs: number } | undefined;
    let pausedAt = 0;
    const member = await kit.member({
      topics: [topic],
      handle: async (batch) => {
        if (!stuck && batch.records.length > 3) {
          stuck = batch;
          pausedAt = performance.now();
          return { next: (batch.records[2]?.offset ?? 0n) + 1n, pauseMs };
        }
        if (batch.partition === stuck?.partition && !again) {
          again = { records: batch.records, afterMs: performance.now() - pausedAt };
        }
        return { next: after(batch), pauseMs: 0 };
      },
    });
    await member.untilSeen(300);
    for (let from = 300; from < 900; from += 100) await kit.producer.send(numbered(topic, 100, 7, from));
    await until(() => (again ? undefined : "its records did not come again"));
    expect(again?.records[0]?.offset).toBe((stuck?.records[2]?.offset ?? 0n) + 1n);
    expect(again?.afterMs).toBeGreaterThan(pauseMs - 50);
    expect(again?.afterMs).toBeLessThan(pauseMs + 1500);
    const others = member.records.filter(({ partition }) => partition !== stuck?.partition);
    expect(new Set(others.map(({ partition }) => partition)).size).toBe(2);
    await member.untilSeen(900);
    expect(disorder(member.records, 900)).toEqual([]);
    // The pause was only of its partition: others got what was sent meanwhile before it ended.
    const order = member.records.map(({ partition, value }) => ({ partition, value: Number(value) }));
    const resumed = order.findLastIndex(({ partition, value }) => partition === stuck?.partition && value < 300);
    expect(order.slice(0, resumed).some(({ value }) => value >= 300)).toBe(true);
  });

  it("that throws has nothing committed, and gets the same again", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 10));
    let calls = 0;
    const firsts: (bigint | undefined)[] = [];
    const member = await kit.member({
      topics: [topic],
      group,
      handle: async (batch) => {
        calls += 1;
        firsts.push(batch.records[0]?.offset);
        if (calls < 3) throw new Error("thrown by the test");
        return commitAll(batch);
      },
    });
    await until(() => (calls >= 2 ? undefined : `${calls} calls`));
    expect(await committedSum(kit, group, topic)).toBe(0n);
    await until(async () => ((await committedSum(kit, group, topic)) === 10n ? undefined : "not committed"));
    expect(firsts).toEqual([0n, 0n, 0n]);
    expect(member.consumer.assigned()).toEqual([`${topic}/0`]);
    expect(kit.log.withMessage("a handler of batches failed").length).toBe(2);
  });

  it("runs for one batch of a partition at a time, and for as many partitions as are allowed", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(4);
    const running = new Set<number>();
    const faults: string[] = [];
    let most = 0;
    const member = await kit.member({
      topics: [topic],
      concurrency: 2,
      fetchBytesMax: 2000,
      handle: async (batch) => {
        if (running.has(batch.partition)) faults.push(`two batches of ${batch.partition}`);
        running.add(batch.partition);
        most = Math.max(most, running.size);
        await sleep(batch.partition === 0 ? 60 : 5);
        running.delete(batch.partition);
        return commitAll(batch);
      },
    });
    for (let from = 0; from < 1000; from += 100) await kit.producer.send(numbered(topic, 100, 20, from));
    await member.untilSeen(1000);
    expect(faults).toEqual([]);
    expect(most).toBe(2);
    expect(disorder(member.records, 1000, 20)).toEqual([]);
  });
});

describeWithKafka.each(BROKER_CLIENTS)("a rebalance by %s", (client) => {
  it("divides the partitions, waits for the record under way, loses nothing and repeats little", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(6);
    const group = kit.name();
    const running = new Map<number, number>();
    const faults: string[] = [];
    const handle = async (batch: Batch): Promise<{ next: bigint; pauseMs: number }> => {
      running.set(batch.partition, (running.get(batch.partition) ?? 0) + 1);
      if (running.get(batch.partition) !== 1) faults.push(`two members have ${batch.partition}`);
      let next = batch.records[0]?.offset ?? 0n;
      for (const { offset } of batch.records) {
        if (!batch.owned()) break;
        await sleep(1);
        next = offset + 1n;
        await batch.heartbeat();
      }
      done.push(...batch.records.filter(({ offset }) => offset < next));
      await batch.commit(next);
      running.set(batch.partition, (running.get(batch.partition) ?? 0) - 1);
      return { next, pauseMs: 0 };
    };
    const done: Member["records"] = [];
    const member = (): Promise<Member> => kit.member({ topics: [topic], group, fetchBytesMax: 2000, handle });
    const first = await member();
    await first.untilAssigned(6);
    let sent = 0;
    const sendSome = async (): Promise<void> => {
      for (let i = 0; i < 5; i += 1, sent += 100) await kit.producer.send(numbered(topic, 100, 20, sent));
    };
    await sendSome();
    const second = await member();
    await Promise.all([first.untilAssigned(3), second.untilAssigned(3)]);
    await sendSome();
    await until(() => (done.length > sent - 100 ? undefined : `${done.length} of ${sent}`), 20_000);
    await sendSome();
    await second.stop();
    await first.untilAssigned(6);
    await sendSome();
    const seen = (): number => new Set(done.map(({ partition, offset }) => `${partition}/${offset}`)).size;
    await until(() => (seen() === sent ? undefined : `${seen()} of ${sent}`), 20_000);
    expect(disorder(done, sent, 20)).toEqual([]);
    expect(faults).toEqual([]);
    expect(done.length - sent).toBeLessThanOrEqual(2);
    expect(new Set(second.records.map(({ partition }) => partition)).size).toBe(3);
    expect(kit.complaints()).toEqual([]);
  });

  it("ends long batches early: whoever handles them sees that it is to return", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(2);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 400, 20));
    const handle = async (batch: Batch): Promise<{ next: bigint; pauseMs: number }> => {
      let next = batch.records[0]?.offset ?? 0n;
      for (const { offset } of batch.records) {
        if (!batch.owned()) break;
        await sleep(100);
        next = offset + 1n;
        await batch.heartbeat();
      }
      await batch.commit(next);
      return { next, pauseMs: 0 };
    };
    const first = await kit.member({ topics: [topic], group, handle });
    await first.untilSeen(400);
    const joining = performance.now();
    const second = await kit.member({ topics: [topic], group, handle });
    await second.untilAssigned(1);
    // The batches take 20 s each; a heartbeat is sent every three.
    expect(performance.now() - joining).toBeLessThan(8000);
    expect(await committedSum(kit, group, topic)).toBeGreaterThan(0n);
  });
});

describeWithKafka.each(BROKER_CLIENTS)("a stop by %s", (client) => {
  it("waits for the handler, which may still commit but begins nothing more; and leaves the group at once", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 10));
    const release = Promise.withResolvers<void>();
    let batch: Batch | undefined;
    let committed = false;
    const first = await kit.member({
      topics: [topic],
      group,
      handle: async (got) => {
        batch = got;
        await release.promise;
        await got.commit(4n);
        committed = true;
        return { next: 4n, pauseMs: 0 };
      },
    });
    await until(() => (batch ? undefined : "no batch came"));
    expect(batch?.owned()).toBe(true);
    let stopped = false;
    const stopping = first.stop().then(() => {
      stopped = true;
    });
    await sleep(200);
    expect(batch?.owned()).toBe(false);
    expect(stopped).toBe(false);
    release.resolve();
    const releasedAt = performance.now();
    await stopping;
    expect(performance.now() - releasedAt).toBeLessThan(2000);
    expect(committed).toBe(true);
    expect(await committedSum(kit, group, topic)).toBe(4n);
    expect(first.records.length).toBe(10);
    const joining = performance.now();
    const second = await kit.member({ topics: [topic], group });
    await second.untilSeen(6);
    expect(performance.now() - joining).toBeLessThan(3000);
    expect(second.records[0]?.offset).toBe(4n);
    expect(kit.complaints()).toEqual([]);
  });

  it("is quick while nothing is handled, a partition rests, or it has hardly begun", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(2);
    await kit.producer.send(numbered(topic, 10));
    const idle = await kit.member({ topics: [topic] });
    const resting = await kit.member({
      topics: [topic],
      handle: async (batch) => ({ next: batch.records[0]?.offset ?? 0n, pauseMs: 60_000 }),
    });
    await Promise.all([idle.untilSeen(10), resting.untilSeen(10)]);
    const beginning = await kit.member({ topics: [topic] });
    for (const member of [idle, resting, beginning]) {
      const begun = performance.now();
      await member.stop();
      expect(performance.now() - begun).toBeLessThan(2000);
      expect(member.consumer.assigned()).toBe(undefined);
    }
    expect(kit.complaints()).toEqual([]);
  });
});
