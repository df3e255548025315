// The contract of the port, for every adapter of it, against a real broker: members of a group and their sessions.
import { describeWithKafka, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { after, BrokerKit, commitAll, numbered } from "../../test/broker-kit.ts";
import { type Batch, BROKER_CLIENTS, BrokerError } from "../index.ts";

/** The shortest that a broker allows by default. */
const SESSION_MS = 6000;
const SLOW_MS = SESSION_MS * 2.5;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function committedSum(kit: BrokerKit, group: string, topic: string): Promise<bigint> {
  return (await kit.admin.lag(group, [topic])).reduce((sum, { committed = 0n }) => sum + committed, 0n);
}

/** Side by side: each does nothing but wait for longer than a session. */
describeWithKafka("a handler", () => {
  it.concurrent.each(BROKER_CLIENTS)("that is slow keeps its partition while it speaks, by %s", async (client) => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 5));
    let result: string | undefined;
    const slow = await kit.member({
      topics: [topic],
      group,
      sessionMs: SESSION_MS,
      handle: async (batch) => {
        const until = performance.now() + SLOW_MS;
        while (performance.now() < until && batch.owned()) {
          await sleep(500);
          await batch.heartbeat();
        }
        result = batch.owned() ? "owned" : "lost";
        return commitAll(batch);
      },
    });
    await until(() => (result ? undefined : "still slow"), SLOW_MS + 10_000);
    expect(result).toBe("owned");
    await until(async () => ((await committedSum(kit, group, topic)) === 5n ? undefined : "not committed"));
    expect(slow.records.length).toBe(5);
    expect(kit.complaints()).toEqual([]);
  });

  it.concurrent.each(BROKER_CLIENTS)("that has nothing to do for long keeps its partitions, by %s", async (client) => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    const idle = await kit.member({ topics: [topic], group, sessionMs: SESSION_MS });
    await idle.untilAssigned(1);
    const other = await kit.member({ topics: [topic], group, sessionMs: SESSION_MS });
    await until(() => (other.consumer.assigned() ? undefined : "joined no group"));
    await sleep(SLOW_MS);
    expect(new Set([idle, other].map(({ consumer }) => consumer.assigned()?.length))).toEqual(new Set([0, 1]));
    await kit.producer.send(numbered(topic, 5));
    await until(async () => ((await committedSum(kit, group, topic)) === 5n ? undefined : "not committed"), 2000);
    expect(kit.complaints()).toEqual([]);
  });

  it.concurrent.each(BROKER_CLIENTS)(
    "that is silent for too long loses its partition: it sees so, cannot commit, and its member joins again, by %s",
    async (client) => {
      await using kit = await BrokerKit.open(client);
      const topic = await kit.topic(1);
      const group = kit.name();
      await kit.producer.send(numbered(topic, 5));
      let silent: Batch | undefined;
      const release = Promise.withResolvers<void>();
      const refusal = Promise.withResolvers<unknown>();
      const first = await kit.member({
        topics: [topic],
        group,
        sessionMs: SESSION_MS,
        handle: async (batch) => {
          if (silent) return commitAll(batch);
          silent = batch;
          await release.promise;
          const owned = batch.owned();
          await batch.commit(after(batch)).then(
            () => refusal.resolve("committed"),
            (err: unknown) => refusal.resolve(owned ? "still owned" : err),
          );
          return { next: after(batch), pauseMs: 0 };
        },
      });
      await until(() => (silent ? undefined : "no batch came"));
      await until(() => (silent?.owned() ? "owned" : undefined), SESSION_MS * 2);
      const second = await kit.member({ topics: [topic], group, sessionMs: SESSION_MS });
      await second.untilSeen(5, SESSION_MS * 3);
      await until(async () => ((await committedSum(kit, group, topic)) === 5n ? undefined : "not committed"));
      release.resolve();
      const err = await refusal.promise;
      expect(err).toBeInstanceOf(BrokerError);
      expect((err as BrokerError).retryable).toBe(false);
      await second.stop();
      await first.untilAssigned(1);
      await kit.producer.send(numbered(topic, 5, 7, 5));
      await until(async () => ((await committedSum(kit, group, topic)) === 10n ? undefined : "not committed"));
      expect(first.values().slice(5)).toEqual(["5", "6", "7", "8", "9"]);
    },
  );
});

describeWithKafka.each(BROKER_CLIENTS)("a handler by %s", (client) => {
  it("whose event loop is busy for nearly half of its session keeps its partition", async () => {
    await using kit = await BrokerKit.open(client);
    const topic = await kit.topic(1);
    const group = kit.name();
    await kit.producer.send(numbered(topic, 5));
    const busy = await kit.member({
      topics: [topic],
      group,
      sessionMs: SESSION_MS,
      handle: async (batch) => {
        const until = performance.now() + SESSION_MS * 0.45;
        while (performance.now() < until); // no timer runs, and no answer is read
        return commitAll(batch);
      },
    });
    await until(async () => ((await committedSum(kit, group, topic)) === 5n ? undefined : "not committed"));
    await sleep(SESSION_MS / 2);
    expect(busy.consumer.assigned()?.length).toBe(1);
    expect(busy.records.length).toBe(5);
    expect(kit.complaints()).toEqual([]);
  });
});
