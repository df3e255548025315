// From an event to its row, and from the row to its record: also of a row that another release wrote.
import { randomUUID } from "node:crypto";
import { inTransaction } from "@muster/db";
import { until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { expect, it } from "vitest";
import { MemoryBroker } from "../../test/memory-broker.ts";
import { Pipeline } from "../../test/pipeline.ts";
import type { ReceivedRecord } from "../broker/port.ts";
import { encodeEvent, newEvent, rowEncoder, storedEvent } from "../contract/envelope.ts";
import { type AnyEvent, EVENT_TYPES, EVENTS } from "../contract/events.ts";
import { TOPICS } from "../topics.ts";
import { appendEvent, appendEvents } from "./append.ts";

const encode = rowEncoder({ source: "muster/match-service", region: undefined });

const publishedAll = async (pipeline: Pipeline): Promise<string | undefined> => {
  const { rows } = await sql`select 1 from outbox where published_at is null limit 1`.execute(pipeline.db);
  return rows.length === 0 ? undefined : "not all is published";
};

function examples(): AnyEvent[] {
  return EVENT_TYPES.map((type) => {
    const [data] = (EVENTS[type].schema as { examples: object[] }).examples;
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01";
    const attributes = { source: "muster/match-service", time: new Date(), traceparent, subject: 'a "subject"' };
    return newEvent(type, data as never, attributes) as AnyEvent;
  });
}

describeWithMariadb("an outbox's row", () => {
  it("is the same of one event and of one among many, which are in their order", async () => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    const events = Array.from({ length: 25 }, examples).flat().map(storedEvent); // more than a statement has
    await inTransaction(pipeline.db, (tx) => appendEvents(tx, events));
    const again = events.map((event) => ({ ...event, id: randomUUID() }));
    await inTransaction(pipeline.db, async (tx) => {
      for (const event of again) await appendEvent(tx, event);
    });
    const rows = await pipeline.db.selectFrom("outbox").selectAll().orderBy("position").execute();
    const [many, single] = [rows.slice(0, events.length), rows.slice(events.length)];
    expect(many.map(({ event_id }) => event_id)).toEqual(events.map(({ id }) => id));
    const stored = (row: (typeof rows)[number]): unknown => [
      row.event_type,
      row.partition_key,
      row.payload,
      row.topic,
      row.headers,
    ];
    expect(many.map(stored)).toEqual(single.map(stored));
    expect(rows.filter(({ topic, headers }) => topic === null || headers === null)).toEqual([]);
  });

  it("is published as what it was stored as: an event of each type", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const events = examples();
    for (const event of events) await inTransaction(pipeline.db, (tx) => appendEvent(tx, storedEvent(event)));
    await pipeline.relay({ encode });
    await until(() => publishedAll(pipeline));
    const records = TOPICS.flatMap(({ name }) => broker.topic(name).flat());
    for (const event of events) {
      const record = records.find(({ headers }) => headers["ce_id"] === event.id) as ReceivedRecord;
      const { topic, key, value, headers } = encodeEvent(event);
      // The time is the row's.
      expect(record).toMatchObject({ topic, key, value, headers: { ...headers, ce_time: expect.any(String) } });
      expect(Object.keys(record.headers)).toHaveLength(Object.keys(headers).length);
    }
  });

  it("of a type that the relay does not know is published as a later release stored it; one of the release before, as the registry says", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const [ids, key] = [Array.from({ length: 3 }, () => randomUUID() as string), randomUUID()];
    const headers = {
      "content-type": "application/json",
      ce_source: "muster/later",
      ce_dataschema: "urn:x:v2",
      ce_new: "n",
    };
    const data = EVENTS["match.ended"].schema as { examples?: object[] };
    const row = {
      partition_key: key,
      payload: JSON.stringify(data.examples?.[0]),
      traceparent: "",
      published_at: null,
    };
    const rows = [
      { ...row, event_id: ids[0] as string, event_type: "match.ended" },
      {
        ...row,
        event_id: ids[1] as string,
        event_type: "match.begun",
        topic: "muster.later.v1",
        headers: JSON.stringify(headers),
      },
      { ...row, event_id: ids[2] as string, event_type: "match.ended" },
    ];
    await pipeline.db.insertInto("outbox").values(rows).execute();
    await pipeline.relay({ encode });
    await until(() => publishedAll(pipeline));
    const [later] = broker.topic("muster.later.v1").flat();
    expect(later).toMatchObject({ key, value: Buffer.from(row.payload) });
    expect(later?.headers).toEqual({
      ce_specversion: "1.0",
      ...headers,
      ce_id: ids[1],
      ce_type: "match.begun",
      ce_partitionkey: key,
      ce_time: expect.any(String),
    });
    const before = broker.topic("muster.matches.v1").flat();
    expect(before.map((record) => record.headers["ce_id"])).toEqual([ids[0], ids[2]]);
    expect(before[0]?.headers["ce_dataschema"]).toBe(EVENTS["match.ended"].dataSchema);
  });

  it("may have the longest headers: a batch of them is none too much for a broker", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const headers = JSON.stringify({ ce_subject: "\u{1F600}".repeat(256) });
    const rows = Array.from({ length: 3000 }, () => ({
      event_id: randomUUID(),
      event_type: "match.begun",
      partition_key: "one",
      payload: JSON.stringify({ text: "x" }),
      traceparent: "",
      published_at: null,
      topic: "muster.later.v1",
      headers,
    }));
    await pipeline.db.insertInto("outbox").values(rows).execute();
    await pipeline.relay({ encode });
    await until(() => publishedAll(pipeline));
    expect(broker.topic("muster.later.v1").flat()).toHaveLength(3000);
    expect(pipeline.logs.lines.filter(({ level }) => Number(level) >= 40 || level === "warn")).toEqual([]);
  });
});
