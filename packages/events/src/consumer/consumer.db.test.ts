// What one event's failure may not do to others, beside a broker in memory.
import { randomUUID } from "node:crypto";
import { DatabaseUnavailableError } from "@muster/db";
import { currentCriticality, until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { MemoryBroker } from "../../test/memory-broker.ts";
import { count, Pipeline } from "../../test/pipeline.ts";
import { BATCH_BYTES_MAX } from "../topics.ts";
import { PermanentError } from "./index.ts";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const away = (): DatabaseUnavailableError => new DatabaseUnavailableError(new Error("gone"), "undone");

async function parked(pipeline: Pipeline): Promise<number> {
  const { rows } = await sql`select 1 from parked_events`.execute(pipeline.db);
  return rows.length;
}

describeWithMariadb("an event", () => {
  it("is applied as sheddable, at the first attempt and once it is parked: an overloaded service does without it first", async () => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    const seen = new Map<number, unknown>();
    let broken = true;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (broken && event.n === 1) throw new Error("a bug");
      seen.set(event.n, currentCriticality());
      await count(event, tx);
    });
    await pipeline.emit([{ key: "a", n: 0 }]);
    await pipeline.emit([{ key: "b", n: 1 }]);
    await until(async () => ((await parked(pipeline)) === 1 ? undefined : "not parked"));
    broken = false;
    await pipeline.untilEffects(2, 5000);
    expect([...seen.values()]).toEqual(["sheddable", "sheddable"]);
  });
});

describeWithMariadb("an event that fails", () => {
  it.each(["per key", "none"] as const)(
    "right after an outage does not hold its partition for ever, although nothing else is there to succeed (order: %s)",
    async (order) => {
      await using pipeline = await new Pipeline(new MemoryBroker()).open();
      let outage = true;
      await pipeline.relay();
      await pipeline.consumer(
        async (event, tx) => {
          if (outage) throw away();
          if (event.n === 0) throw new Error("a bug");
          await count(event, tx);
        },
        { order },
      );
      await pipeline.emit([{ key: "bad", n: 0 }]);
      await until(() =>
        pipeline.logs.withMessage("events cannot be applied: the partition rests").length > 3 ? undefined : "no rest",
      );
      outage = false;
      // All of one partition, and behind the one that fails.
      await pipeline.emit(upTo(5).map((n) => ({ key: order === "none" ? "bad" : "bbc", n: n + 1 })));
      await pipeline.untilEffects(5, 8000);
    },
  );

  it("when everything of its partition fails does not keep the partition from trying the next one, now and then", async () => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (event.n < 15) throw new Error("a bug");
      await count(event, tx);
    });
    await pipeline.emit(upTo(20).map((n) => ({ key: `key-${n}`, n })));
    await pipeline.untilEffects(5, 20_000);
  });

  it("while its partition moves is left to the next holder, and not parked", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    let attempts = 0;
    await pipeline.relay();
    const first = await pipeline.consumer(async () => {
      attempts++;
      first.stop?.().catch(() => undefined);
      throw new Error("a bug of the release that goes");
    });
    await pipeline.emit([{ key: "a", n: 0 }]);
    await until(() => (attempts > 0 ? undefined : "no attempt"));
    await first.stop?.();
    expect(await parked(pipeline)).toBe(0);
    await pipeline.consumer(count);
    await pipeline.untilEffects(1);
  });

  it("again and again for want of something that is away does not hold back the parked events of other keys", async () => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    let stage: "bug" | "away" = "bug";
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (stage === "bug") throw new Error("a bug");
      if (event.key === "a") throw away();
      await count(event, tx);
    });
    await pipeline.emit([{ key: "a", n: 0 }]);
    await until(async () => ((await parked(pipeline)) === 1 ? undefined : "not parked"));
    await pipeline.emit([{ key: "b", n: 0 }]);
    await until(async () => ((await parked(pipeline)) === 2 ? undefined : "not parked"));
    stage = "away";
    await pipeline.untilEffects(1, 5000);
    expect(await parked(pipeline)).toBe(1);
  });

  it.each(["from the beginning", "once it is parked"])(
    "in a way that no attempt helps goes to the DLQ, and its key flows on: %s",
    async (when) => {
      await using pipeline = await new Pipeline(new MemoryBroker()).open();
      let isKnown = when === "from the beginning";
      await pipeline.relay();
      await pipeline.consumer(async (event, tx) => {
        if (event.n === 0) throw isKnown ? new PermanentError("poison") : new Error("a bug");
        await count(event, tx);
      });
      await pipeline.emit(upTo(4).map((n) => ({ key: "a", n })));
      if (!isKnown) await until(async () => ((await parked(pipeline)) === 4 ? undefined : "not parked"));
      isKnown = true;
      await pipeline.untilEffects(3);
      expect((await pipeline.effects()).get("a")).toEqual([1, 2, 3]);
      expect(await parked(pipeline)).toBe(0);
      const letters = await pipeline.recordsOf(pipeline.topics.dlq);
      expect(letters.map(({ headers }) => headers["dlq_class"])).toEqual(["permanent"]);
    },
  );
});

describeWithMariadb("what an effect tells outside of the database", () => {
  it.each([
    ["in place", 1],
    ["when it was parked", 3],
  ])("is told once, by the attempt that commits: tried again %s", async (_, failures) => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    let attempts = 0;
    const told: number[] = [];
    await pipeline.relay();
    await pipeline.consumer(
      async (event, tx, afterCommit) => {
        attempts++;
        afterCommit(() => told.push(attempts));
        await count(event, tx);
        if (attempts <= failures) throw new Error("a bug");
      },
      { order: "per key" },
    );
    await pipeline.emit([{ key: "a", n: 0 }]);
    await pipeline.untilEffects(1);
    await until(() => (told.length > 0 ? undefined : "nothing is told"));
    expect([attempts, told]).toEqual([failures + 1, [failures + 1]]);
  });
});

const filler = (bytes: number): string => "x".repeat(bytes);

describeWithMariadb("a record by somebody who may write to the topic", () => {
  it.each<[string, { readonly key?: string; readonly value?: Buffer; readonly headers: Record<string, string> }]>([
    ["says that it is due in the year 5138", { headers: { dlq_due_ms: "99999999999999" } }],
    ["says that it came from nowhere", { headers: { dlq_topic: "t", dlq_partition: "-1", dlq_offset: "nonsense" } }],
    ["says that it failed at no time", { headers: { dlq_first_failed_at: "nonsense", dlq_attempts: "many" } }],
    ["gives up another event", { headers: { dlq_order: "discard" } }],
    ["has as large a payload as the topic takes", { value: Buffer.alloc(BATCH_BYTES_MAX - 100), headers: {} }],
    ["has as large a key as the topic takes", { key: filler(BATCH_BYTES_MAX - 100), headers: {} }],
    ["has a header as large as the topic takes", { headers: { ce_subject: filler(BATCH_BYTES_MAX - 100) } }],
  ])("does not stop those behind it when it %s", async (_, { key = "a", value = Buffer.from("{"), headers }) => {
    for (const order of ["per key", "none"] as const) {
      const broker = new MemoryBroker();
      await using pipeline = await new Pipeline(broker).open();
      await pipeline.relay();
      await pipeline.consumer(count, { order });
      const at = broker.topic(pipeline.topic);
      for (const [partition, log] of at.entries())
        log.push({ topic: pipeline.topic, partition, offset: 0n, key, value, headers, timestampMs: Date.now() });
      await pipeline.emit(upTo(12).map((n) => ({ key: `key-${n}`, n })));
      await pipeline.untilEffects(12, 10_000);
      const letters = await pipeline.recordsOf(pipeline.topics.dlq);
      expect(letters.map(({ headers: of }) => [of["dlq_topic"], of["dlq_offset"], of["dlq_class"]])).toEqual(
        at.map(() => [pipeline.topic, "0", "invalid"]),
      );
      const leftOut = value.length > 1 ? `a payload of ${value.length} bytes` : undefined;
      const leftOutKey = key === "a" ? undefined : `a key of ${key.length} bytes`;
      expect(letters[0]?.headers["dlq_left_out"]).toBe(leftOut ?? leftOutKey);
    }
  });

  it("cannot hold a retry topic back for longer than the topic's delay", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    await pipeline.consumer(count, { order: "none" });
    const topic = pipeline.topics.retry[0] as string;
    const of = { topic, partition: 0, key: "a", timestampMs: Date.now() };
    const log = broker.topic(topic)[0];
    const headers = { id: randomUUID(), type: "counted", dlq_due_ms: "99999999999999" };
    log?.push({ ...of, offset: 0n, value: Buffer.from('{"n":0}'), headers });
    await pipeline.untilEffects(1, 10_000);
  });
});
