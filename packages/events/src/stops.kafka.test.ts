// How the two ends of the event kit stop, and how members of a group take over from each other, with a real broker that may hang.
import { anyKafka } from "@muster/resilience/testing";
import { setTimeout as sleep } from "node:timers/promises";
import { describeWithKafka, startPrivateKafka } from "@muster/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { LogLines } from "@muster/testkit";
import { count, Pipeline } from "../test/pipeline.ts";
import { BROKER_CLIENTS, createBroker } from "./index.ts";

const KEYS = Array.from({ length: 9 }, (_, i) => `key-${i}`);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const within = async (stopping: Promise<void> | undefined): Promise<number> => {
  const begun = performance.now();
  await stopping;
  return performance.now() - begun;
};

describeWithKafka("the ends of the event kit", () => {
  it.each(BROKER_CLIENTS)("stop in bounded time while the broker hangs (%s)", async (client) => {
    await using kafka = await startPrivateKafka();
    const options = { client, brokers: kafka.brokers, clientId: "test", dependency: anyKafka(), tls: false };
    const broker = await createBroker(options, new LogLines().logger("test"));
    await using pipeline = await new Pipeline(broker).open();
    const relay = await pipeline.relay();
    const consumer = await pipeline.consumer(count);
    await pipeline.emit(upTo(20).map((n) => ({ key: "a", n })));
    await pipeline.untilEffects(20);
    await kafka.signal("SIGSTOP");
    await pipeline.emit([{ key: "a", n: 20 }]);
    await sleep(500);
    const [relayMs, consumerMs] = await Promise.all([within(relay.stop?.()), within(consumer.stop?.())]);
    const producerMs = await within(pipeline.producer.stop?.());
    await kafka.signal("SIGCONT");
    expect.soft(relayMs).toBeLessThan(3600);
    expect.soft(consumerMs).toBeLessThan(6000);
    expect.soft(producerMs).toBeLessThan(2000);
  });

  it("give every event its effect once while members come and go in the middle of their batches, with slow handlers", async () => {
    await using pipeline = await new Pipeline().open();
    await pipeline.relay();
    const slow: typeof count = async (event, tx) => {
      await sleep(15);
      await count(event, tx);
    };
    for (const n of upTo(60)) await pipeline.emit(KEYS.map((key) => ({ key, n })));
    const first = await pipeline.consumer(slow);
    await pipeline.untilEffects(20);
    await pipeline.consumer(slow);
    await pipeline.untilEffects(150);
    await pipeline.consumer(slow);
    await first.stop?.();
    await pipeline.untilEffects(60 * KEYS.length);
    await sleep(100);
    for (const [key, numbers] of await pipeline.effects()) expect(numbers, key).toEqual(upTo(60));
    expect((await sql`select 1 from parked_events`.execute(pipeline.db)).rows).toEqual([]);
  });
});
