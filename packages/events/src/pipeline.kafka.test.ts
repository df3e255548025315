// From a commit to an effect, by way of the real broker: exactly once, in order per key, whatever comes twice, fails or is poison.
import { DatabaseUnavailableError } from "@muster/db";
import { until } from "@muster/runtime";
import { describeWithKafka } from "@muster/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { count, Pipeline, type TestEvent } from "../test/pipeline.ts";
import { eventHeaders } from "./consumer/dead-letter.ts";
import { PermanentError } from "./consumer/index.ts";
import { decodeEvent, encodeEvent, newEvent } from "./contract/envelope.ts";

const KEYS = Array.from({ length: 8 }, (_, i) => `key-${i}`);
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const rounds = (n: number): { key: string; n: number }[][] => upTo(n).map((i) => KEYS.map((key) => ({ key, n: i })));

describeWithKafka("an event", () => {
  it("has its effect once and in the order of its key, however often it is published", async () => {
    await using pipeline = await new Pipeline().open();
    await pipeline.relay();
    await pipeline.consumer(count);
    for (const round of rounds(40)) await pipeline.emit(round);
    await pipeline.untilEffects(40 * KEYS.length);
    // As after a crash between Kafka's acknowledgement and the mark.
    await sql`update outbox set published_at = null where position % 3 = 0`.execute(pipeline.db);
    await pipeline.emit(KEYS.map((key) => ({ key, n: 40 })));
    await pipeline.untilEffects(41 * KEYS.length);
    for (const [key, numbers] of await pipeline.effects()) expect(numbers, key).toEqual(upTo(41));
    const records = await pipeline.recordsOf(pipeline.topic);
    expect(records.length).toBeGreaterThan(41 * KEYS.length + 100);
  });

  it("is published however heavy those before it are: no batch is more than a broker takes", async () => {
    await using pipeline = await new Pipeline().open();
    await pipeline.consumer(count);
    // Bytes are what counts: three of them for each of these characters.
    await pipeline.emit(upTo(40).map((n) => ({ key: "a", n, ballast: "€".repeat(30_000) })));
    await pipeline.emit(upTo(2000).map((n) => ({ key: "b", n })));
    await pipeline.relay();
    await pipeline.untilEffects(2040);
    expect((await pipeline.effects()).get("a")).toEqual(upTo(40));
    expect(pipeline.logs.find(({ msg }) => String(msg).includes("cannot publish"))).toBeUndefined();
  });

  it("of the contract is the same when it has come through a broker", async () => {
    await using pipeline = await new Pipeline().open();
    const bannedAt = "2026-11-27T12:00:00.000Z";
    const event = newEvent(
      "player.banned",
      { playerId: "01a20ab1-6c11-7a52-9d0c-5f0c1f2ab3c4", until: "2026-12-04T12:00:00.000Z", bannedAt },
      { source: "muster/identity-service", time: new Date("2026-11-27T12:00:00.123Z"), subject: "é" },
    );
    await pipeline.producer.send([{ ...encodeEvent(event), topic: pipeline.topic }]);
    const [record] = await pipeline.recordsOf(pipeline.topic);
    expect(record && decodeEvent(record)).toEqual(event);
  });

  it("that no attempt can help goes to the DLQ, once, and those behind it flow on; replayed, it has one effect", async () => {
    await using pipeline = await new Pipeline().open();
    let mended = false;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (event.key === "key-3" && event.n === 5 && !mended) throw new PermanentError("poison");
      await count(event, tx);
    });
    for (const round of rounds(10)) await pipeline.emit(round);
    await pipeline.untilEffects(10 * KEYS.length - 1);
    const [letter, ...more] = await pipeline.recordsOf(pipeline.topics.dlq);
    expect(more).toEqual([]);
    expect(letter?.headers).toMatchObject({
      dlq_topic: pipeline.topic,
      dlq_class: "permanent",
      dlq_error: "PermanentError: poison",
      dlq_attempts: "1",
    });
    mended = true;
    for (let again = 0; again < 2; again++)
      if (letter)
        await pipeline.producer.send([
          { topic: pipeline.topics.replay, key: "key-3", value: letter.value, headers: eventHeaders(letter) },
        ]);
    await pipeline.untilEffects(10 * KEYS.length);
    await pipeline.emit([{ key: "key-3", n: 10 }]);
    await pipeline.untilEffects(10 * KEYS.length + 1);
    expect((await pipeline.effects()).get("key-3")).toEqual([0, 1, 2, 3, 4, 6, 7, 8, 9, 5, 10]);
  });

  it("that does not fit its schema goes to the DLQ without a second attempt", async () => {
    await using pipeline = await new Pipeline().open();
    await pipeline.consumer(count);
    const record = (text: string) => ({
      topic: pipeline.topic,
      key: "a",
      value: Buffer.from(text),
      headers: { id: "1", type: "t" },
    });
    await pipeline.producer.send([record("{"), record('{"n":"x"}'), { ...record('{"n":1}'), headers: {} }]);
    await pipeline.producer.send([
      { ...record('{"n":7}'), headers: { id: "0199c2d4-7a1b-7c3d-8e4f-0123456789ab", type: "t" } },
    ]);
    await pipeline.untilEffects(1);
    const letters = await pipeline.recordsOf(pipeline.topics.dlq);
    expect(letters.map(({ headers }) => headers["dlq_class"])).toEqual(["invalid", "invalid", "invalid"]);
  });

  it("that fails holds back only its own key, which goes on in order once it passes", async () => {
    await using pipeline = await new Pipeline().open();
    let failing = true;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (event.key === "key-1" && event.n === 2 && failing) throw new Error("a bug");
      await count(event, tx);
    });
    for (const round of rounds(6)) await pipeline.emit(round);
    await pipeline.untilEffects(6 * (KEYS.length - 1) + 2);
    await until(async () => ((await parkedKeys(pipeline)) === 4 ? undefined : "not all of the key is parked"));
    expect((await pipeline.effects()).get("key-1")).toEqual([0, 1]);
    failing = false;
    await pipeline.untilEffects(6 * KEYS.length);
    for (const [key, numbers] of await pipeline.effects()) expect(numbers, key).toEqual(upTo(6));
    expect(await parkedKeys(pipeline)).toBe(0);
  });

  it("that never passes goes to the DLQ and holds its key; replayed, it passes and its key goes on in order", async () => {
    await using pipeline = await new Pipeline().open();
    let mended = false;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (event.n === 1 && !mended) throw new Error("a bug");
      await count(event, tx);
    });
    await pipeline.emit([0, 1, 2, 3].map((n) => ({ key: "a", n })));
    await until(async () => ((await pipeline.recordsOf(pipeline.topics.dlq)).length === 1 ? undefined : "no letter"));
    expect((await pipeline.effects()).get("a")).toEqual([0]);
    mended = true;
    const [letter] = await pipeline.recordsOf(pipeline.topics.dlq);
    expect(letter?.headers).toMatchObject({ dlq_class: "unknown", dlq_error: "Error: a bug" });
    if (letter)
      await pipeline.producer.send([
        { topic: pipeline.topics.replay, key: "a", value: letter.value, headers: eventHeaders(letter) },
      ]);
    await pipeline.untilEffects(4);
    expect((await pipeline.effects()).get("a")).toEqual([0, 1, 2, 3]);
  });

  it("of an unordered consumer goes down the retry topics and then to the DLQ, and others do not wait for it", async () => {
    await using pipeline = await new Pipeline().open();
    const attempts: TestEvent[] = [];
    await pipeline.relay();
    await pipeline.consumer(
      async (event, tx) => {
        if (event.n === 1) {
          attempts.push(event);
          throw new Error("a bug");
        }
        await count(event, tx);
      },
      { order: "none" },
    );
    await pipeline.emit([0, 1, 2, 3].map((n) => ({ key: "a", n })));
    await pipeline.untilEffects(3);
    await until(async () => ((await pipeline.recordsOf(pipeline.topics.dlq)).length === 1 ? undefined : "no letter"));
    expect(attempts).toHaveLength(2 * 3);
    const [letter] = await pipeline.recordsOf(pipeline.topics.dlq);
    expect(letter?.headers).toMatchObject({ dlq_topic: pipeline.topic, dlq_attempts: "6" });
    expect((await pipeline.effects()).get("a")).toEqual([0, 2, 3]);
  });

  it("is neither parked nor lost while the database is away: the partition rests, and goes on in order", async () => {
    await using pipeline = await new Pipeline().open();
    let away = true;
    let attempts = 0;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      attempts++;
      if (away) throw new DatabaseUnavailableError(new Error("gone"), "undone");
      await count(event, tx);
    });
    for (const round of rounds(5)) await pipeline.emit(round);
    await until(() => (attempts > 10 ? undefined : `${attempts} attempts`));
    away = false;
    await pipeline.untilEffects(5 * KEYS.length);
    for (const [key, numbers] of await pipeline.effects()) expect(numbers, key).toEqual(upTo(5));
    expect(await parkedKeys(pipeline)).toBe(0);
    expect(await pipeline.recordsOf(pipeline.topics.dlq)).toEqual([]);
  });

  it("does not go to the DLQ when everything fails: after some, the partitions rest", async () => {
    await using pipeline = await new Pipeline().open();
    let broken = true;
    await pipeline.relay();
    await pipeline.consumer(async (event, tx) => {
      if (broken) throw new Error("a release that cannot do anything");
      await count(event, tx);
    });
    const keys = upTo(200).map((i) => ({ key: `k${i}`, n: 0 }));
    await pipeline.emit(keys);
    await until(() =>
      pipeline.logs.withMessage("events cannot be applied: the partition rests").length > 0 ? undefined : "no brake",
    );
    expect(await parkedKeys(pipeline)).toBeLessThan(30);
    broken = false;
    await pipeline.untilEffects(200);
  });

  it("that a consumer does not want has no effect and no row", async () => {
    await using pipeline = await new Pipeline().open();
    await pipeline.relay();
    await pipeline.consumer(count);
    await pipeline.emit([
      { key: "a", n: 1, type: "unwanted" },
      { key: "a", n: 2 },
    ]);
    await pipeline.untilEffects(1);
    expect((await pipeline.effects()).get("a")).toEqual([2]);
    const { rows } = await sql`select 1 from inbox`.execute(pipeline.db);
    expect(rows).toHaveLength(1);
  });
});

async function parkedKeys(pipeline: Pipeline): Promise<number> {
  const { rows } = await sql`select 1 from parked_events`.execute(pipeline.db);
  return rows.length;
}
