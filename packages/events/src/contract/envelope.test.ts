import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { OutgoingRecord } from "../broker/port.ts";
import { deadLetterOf } from "../consumer/dead-letter.ts";
import {
  decodeEvent,
  decodeOnly,
  encodeEvent,
  HEADERS,
  newEvent,
  PAYLOAD_BYTES_MAX,
  recordOf,
  rowEncoder,
  storedEvent,
} from "./envelope.ts";
import { RECORD_OVERHEAD_BYTES } from "../topics.ts";
import { type AnyEvent, EVENT_TYPES, EVENTS, type EventType, InvalidEventError } from "./events.ts";

const DOCUMENT = readFileSync(new URL("../../../../contracts/events/envelope.v1.md", import.meta.url), "utf8");
const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b9c7c989f97918e1-01";
const time = new Date("2026-11-27T12:00:00.123Z");
const attributes = { source: "muster/match-service", time, traceparent: TRACEPARENT };

function examplesOf(type: EventType): AnyEvent["data"][] {
  return (EVENTS[type].schema as { examples: AnyEvent["data"][] }).examples;
}

function exampleOf<T extends EventType>(type: T): Extract<AnyEvent, { type: T }> {
  return newEvent(type, structuredClone(examplesOf(type)[0]) as never, attributes) as never;
}

function failureOf(action: () => unknown): InvalidEventError {
  try {
    action();
  } catch (err) {
    expect(err).toBeInstanceOf(InvalidEventError);
    return err as InvalidEventError;
  }
  throw new Error("nothing failed");
}

/** The record of an example, changed on its way. */
function altered(headers: Record<string, string | undefined>, change: Partial<OutgoingRecord> = {}): OutgoingRecord {
  const record = { ...encodeEvent(exampleOf("match.ended")), ...change };
  const entries = Object.entries({ ...record.headers, ...headers }).filter(([, value]) => value !== undefined);
  return { ...record, headers: Object.fromEntries(entries) as Record<string, string> };
}

it.each(EVENT_TYPES.flatMap((type) => examplesOf(type).map((data, index) => ({ type, index, data }))))(
  "an event is the same after its way through a record: $type, example $index",
  ({ type, data }) => {
    const event = newEvent(type, data as never, { ...attributes, subject: "a subject", region: "eu-1" }) as AnyEvent;
    const record = encodeEvent(event);
    expect(record.topic).toBe(EVENTS[type].topic);
    expect(record.key).toBe((data as unknown as Record<string, unknown>)[EVENTS[type].key]);
    expect(decodeOnly(type)(record)).toEqual(event);
    expect(decodeEvent(record)).toEqual(event);
  },
);

it("a record is made of what an outbox has kept", () => {
  const event = exampleOf("match.ended");
  const kept = storedEvent(event);
  expect(JSON.parse(kept.payload)).toEqual(event.data);
  expect(recordOf(kept)).toEqual(encodeEvent(event));
});

it("a row of an outbox becomes the record of its event, with the row's time", () => {
  const { id, type, key, payload, traceparent = "" } = storedEvent(exampleOf("match.ended"));
  const nothing = { topic: null, headers: null };
  const row = {
    event_id: id,
    event_type: type,
    partition_key: key,
    payload,
    traceparent,
    created_at: time,
    ...nothing,
  };
  const encode = rowEncoder({ source: "muster/match-service", region: "eu-1" });
  expect(decodeEvent(encode(row))).toEqual({ ...exampleOf("match.ended"), id, region: "eu-1" });
  expect(decodeEvent(encode({ ...row, traceparent: "" })).traceparent).toBeUndefined();
  expect(failureOf(() => encode({ ...row, event_type: "match.begun" }))).toMatchObject({ code: "unknown_type" });
});

it("a consumer skips the types that it does not handle, also those that it does not know, however broken", () => {
  const decode = decodeOnly("match.cancelled", "player.banned");
  for (const type of ["match.ended", "match.begun", "constructor"])
    expect(decode(altered({ ce_type: type }, { value: Buffer.from("{") }))).toBeUndefined();
  expect(failureOf(() => decode(altered({ ce_type: undefined })))).toMatchObject({ path: "ce_type" });
  const event = decode(encodeEvent(exampleOf("player.banned")));
  expect(event?.type === "player.banned" && event.data.until).toBe(exampleOf("player.banned").data.until);
});

describe("contracts/events/envelope.v1.md", () => {
  const rowsAfter = (heading: string): string[][] => {
    const section = DOCUMENT.split(`## ${heading}\n`)[1]?.split("\n## ", 1)[0] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| ") && line.includes("`"));
    return rows.map((row) => row.slice(2, -2).split(" | "));
  };
  const unquoted = (cell = ""): string => cell.replace(/^\[?`([^`]+)`.*$/, "$1");

  it("lists the headers that are written and checked", () => {
    const listed = rowsAfter("Headers").filter(([name = ""]) => unquoted(name) in HEADERS);
    expect(listed.map(([name, required]) => [unquoted(name), required === "yes"])).toEqual(
      Object.entries(HEADERS).map(([name, { required }]) => [name, required]),
    );
    const { headers } = encodeEvent({ ...exampleOf("match.ended"), subject: "s", region: "r" });
    expect(Object.keys(headers).toSorted()).toEqual(Object.keys(HEADERS).toSorted());
  });

  it("lists the types with topic, key and classification", () => {
    const listed = rowsAfter("Types").map((row) => row.slice(0, 4).map(unquoted).join(" "));
    const known = EVENT_TYPES.map((type) => {
      const { topic, key, classification } = EVENTS[type];
      return [type, topic, key, classification].join(" ");
    });
    expect(listed.toSorted()).toEqual(known.toSorted());
  });

  it("lists the headers that an event has when it has failed", () => {
    const large = { key: "k".repeat(1025), value: Buffer.alloc(PAYLOAD_BYTES_MAX + 1) };
    const record = { ...encodeEvent(exampleOf("match.ended")), ...large, partition: 0, offset: 1n, timestampMs: 0 };
    const attempts = { made: 1, firstFailedAtMs: 0 };
    const why = { consumer: "c", failure: "unknown", error: "e", attempts, nowMs: 0, dueMs: 1 } as const;
    const { headers } = deadLetterOf({ record, to: "t", ...why });
    const added = Object.keys(headers).filter((name) => !(name in record.headers));
    expect(rowsAfter("An event that failed").map(([name]) => unquoted(name))).toEqual(added);
  });

  it("names the largest payload", () => {
    expect(DOCUMENT).toContain(`at most ${PAYLOAD_BYTES_MAX.toLocaleString("en-US")} bytes`);
  });

  it("names of headers are those of CloudEvents attributes: lower-case letters and digits", () => {
    for (const name of Object.keys(HEADERS)) expect(name).toMatch(/^(?:content-type|ce_[a-z0-9]{1,20})$/);
  });
});

describe("a reader", () => {
  it("ignores headers that it does not know", () => {
    const known = decodeEvent(altered({}));
    const event = decodeEvent(altered({ ce_id: known.id, ce_later: "x", muster_attempt: "2" }));
    expect(event).toEqual(known);
  });

  it("ignores properties that it does not know", () => {
    const event = exampleOf("match.ended");
    const value = Buffer.from(JSON.stringify({ ...event.data, later: { a: 1 } }));
    expect(decodeEvent(altered({}, { value })).data).toMatchObject(event.data);
  });

  it("does without a trace, and with a malformed one", () => {
    for (const traceparent of [undefined, "", "00-zz", `${TRACEPARENT}-later`])
      expect(decodeEvent(altered({ ce_traceparent: traceparent })).traceparent).toBeUndefined();
    expect(decodeEvent(altered({})).traceparent).toBe(TRACEPARENT);
  });

  it.each(["application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8"])(
    "takes %s",
    (type) => {
      expect(decodeEvent(altered({ "content-type": type })).type).toBe("match.ended");
    },
  );

  it.each<[string, Record<string, string | undefined>, string, string]>([
    ["no type", { ce_type: undefined }, "bad_header", "ce_type"],
    ["a type that it does not know", { ce_type: "match.begun" }, "unknown_type", "ce_type"],
    ["a type of the language", { ce_type: "constructor" }, "unknown_type", "ce_type"],
    ["a later version", { ce_dataschema: "urn:muster:event:match.ended:v2" }, "unknown_version", "ce_dataschema"],
    ["another type's schema", { ce_type: "match.cancelled" }, "unknown_version", "ce_dataschema"],
    ["no schema", { ce_dataschema: undefined }, "unknown_version", "ce_dataschema"],
    ["another CloudEvents", { ce_specversion: "2.0" }, "bad_header", "ce_specversion"],
    ["structured mode", { "content-type": "application/cloudevents+json" }, "bad_header", "content-type"],
    ["no content type", { "content-type": undefined }, "bad_header", "content-type"],
    ["no id", { ce_id: undefined }, "bad_header", "ce_id"],
    ["an id that is none", { ce_id: "7" }, "bad_header", "ce_id"],
    ["an id in capital letters", { ce_id: "01A20AB2-2D4A-7326-A77A-B22EAF2E9F1E" }, "bad_header", "ce_id"],
    ["another's source", { ce_source: "https://example.com" }, "bad_header", "ce_source"],
    ["a time without a zone", { ce_time: "2026-11-27T12:00:00.123" }, "bad_header", "ce_time"],
    ["a leap second", { ce_time: "2026-12-31T23:59:60.000Z" }, "bad_header", "ce_time"],
    ["an unknown classification", { ce_dataclassification: "secret" }, "bad_header", "ce_dataclassification"],
    ["another classification", { ce_dataclassification: "public" }, "bad_header", "ce_dataclassification"],
    ["another key", { ce_partitionkey: "k" }, "bad_header", "ce_partitionkey"],
    ["a region of many words", { ce_region: "somewhere else" }, "bad_header", "ce_region"],
    ["a subject with a line break", { ce_subject: "a\nb" }, "bad_header", "ce_subject"],
  ])("refuses %s", (_, headers, code, path) => {
    expect(failureOf(() => decodeEvent(altered(headers)))).toMatchObject({ code, path });
  });

  it("refuses a record whose key is not the payload's, and one without a key", () => {
    for (const key of ["k", undefined] as string[])
      expect(failureOf(() => decodeEvent(altered({}, { key })))).toMatchObject({ path: "ce_partitionkey" });
  });

  it.each<[string, Buffer, string]>([
    ["no payload", Buffer.alloc(0), "bad_payload"],
    ["what is not JSON", Buffer.from("{"), "bad_payload"],
    ["what is not UTF-8", Buffer.from('{"mode":"\xff"}', "latin1"), "bad_payload"],
    ["a byte order mark", Buffer.from(`\ufeff${JSON.stringify(exampleOf("match.ended").data)}`), "bad_payload"],
    ["what is no object", Buffer.from("[]"), "bad_payload"],
    ["too much", Buffer.alloc(PAYLOAD_BYTES_MAX + 1, " "), "payload_too_large"],
  ])("refuses %s", (_, value, code) => {
    expect(failureOf(() => decodeEvent(altered({}, { value })))).toMatchObject({ code, type: "match.ended", path: "" });
  });

  it("meets nothing but events and InvalidEventError, whatever the record has", () => {
    const names = fc.constantFrom(...Object.keys(HEADERS), "__proto__", "x");
    const values = fc.oneof(fc.string(), fc.constantFrom(...Object.values(altered({}).headers)));
    fc.assert(
      fc.property(fc.dictionary(names, values), fc.json(), (headers, json) => {
        expect(failureOf(() => decodeEvent(altered(headers, { value: Buffer.from(json) })))).toBeDefined();
      }),
    );
  });
});

describe("an error", () => {
  const SECRET = "Ada Lovelace";

  it("names the type and the path, and no value of the event", () => {
    const { data } = exampleOf("player.registered");
    const payloads = [
      JSON.stringify({ ...data, name: [SECRET] }),
      JSON.stringify({ ...data, kind: SECRET }),
      JSON.stringify({ ...data, registeredAt: SECRET }),
      JSON.stringify({ ...data, playerId: SECRET }),
      `{"name": ${SECRET}}`,
      `"${SECRET}"`,
    ];
    for (const payload of payloads) {
      const record = { ...encodeEvent(exampleOf("player.registered")), value: Buffer.from(payload) };
      const err = failureOf(() => decodeEvent(record));
      expect(err).toMatchObject({ code: "bad_payload", type: "player.registered" });
      expect(`${err.stack} ${JSON.stringify(err)} ${String(err.cause)}`).not.toMatch(/Ada|Lovelace/);
    }
    const header = failureOf(() => decodeEvent(altered({ ce_source: SECRET, ce_type: SECRET })));
    expect(header.message).not.toContain("Ada");
  });

  it("has the index of a list, but no name that only the payload has", () => {
    const { data } = exampleOf("match.ended");
    const wrong = structuredClone(data);
    (wrong.participants[1] as { rank: unknown }).rank = 0;
    const named = failureOf(() => encodeEvent({ ...exampleOf("match.ended"), data: wrong }));
    expect(named.path).toBe("/participants/1/rank");
    expect(named.message).toBe("match.ended: /participants/1/rank must be >= 1");
    const options = { ...data, options: { [SECRET]: 0.5 } };
    expect(failureOf(() => encodeEvent({ ...exampleOf("match.ended"), data: options })).path).toBe("/options/*");
    const { mode: _, ...missing } = data;
    expect(failureOf(() => encodeEvent({ ...exampleOf("match.ended"), data: missing as never })).path).toBe("/mode");
  });
});

it("headers and key are less than what a relay counts for them", () => {
  const event = { ...exampleOf("chat.message_reported"), subject: "s".repeat(128), region: "r".repeat(32) };
  const { headers, key } = encodeEvent(event);
  const texts = [key, ...Object.entries(headers).flat()];
  // Two lengths of each header, and some twenty bytes of the record's own.
  const framing = Object.keys(headers).length * 4 + 30;
  expect(Buffer.byteLength(texts.join("")) + framing).toBeLessThan(RECORD_OVERHEAD_BYTES);
});

describe("a writer cannot store", () => {
  it.each<[string, Partial<AnyEvent>, string]>([
    ["an id that is none", { id: "1" }, "ce_id"],
    ["a source that is no service's", { source: "match-service" }, "ce_source"],
    ["a time after the year 9999", { time: new Date("+010000-01-01T00:00:00Z") }, "ce_time"],
    ["an empty subject", { subject: "" }, "ce_subject"],
  ])("%s", (_, change, path) => {
    const event = { ...exampleOf("match.ended"), ...change } as AnyEvent;
    expect(failureOf(() => storedEvent(event))).toMatchObject({ code: "bad_header", path });
  });

  it("a number that JSON does not have", () => {
    const event = exampleOf("rating.changed");
    for (const after of [Number.NaN, Number.POSITIVE_INFINITY])
      expect(failureOf(() => storedEvent({ ...event, data: { ...event.data, after } })).path).toBe("/after");
  });

  it("a payload that the broker would refuse", () => {
    const event = exampleOf("match.ended");
    const data = { ...event.data, later: "x".repeat(PAYLOAD_BYTES_MAX) };
    expect(failureOf(() => storedEvent({ ...event, data }))).toMatchObject({ code: "payload_too_large" });
  });
});
