// Events as Kafka records: contracts/events/envelope.v1.md. No I/O.
import { parseTraceparent } from "@muster/tracing";
import { v7 as uuidv7 } from "uuid";
import type { OutgoingRecord, ReceivedRecord } from "../broker/port.ts";
import {
  type AnyEvent,
  type Classification,
  type EventAttributes,
  type EventData,
  type EventOf,
  EVENTS,
  type EventType,
  InvalidEventError,
  isEventType,
} from "./events.ts";
import { checkEventData, isUuid } from "./validation.ts";

/** Bytes of a payload, at most: what the broker refuses would hold up everything after it. */
export const PAYLOAD_BYTES_MAX = 256 * 1024;

/** What an outbox keeps of an event: all that its record needs. */
export interface StoredEvent extends EventAttributes {
  readonly type: EventType;
  readonly key: string;
  /** JSON, checked when it was stored. */
  readonly payload: string;
}

/** What of a record is the event. */
export type EncodedEvent = Pick<ReceivedRecord, "headers" | "key" | "value">;

/** What of an outbox's row is the event. */
export interface StoredRow {
  readonly event_id: string;
  readonly event_type: string;
  readonly partition_key: string;
  readonly payload: string;
  readonly traceparent: string;
  readonly created_at: Date;
  /** Both NULL in a row of a release that stored neither. */
  readonly topic: string | null;
  readonly headers: string | null;
}

/** A new event. Nothing is checked yet: `storedEvent` and `encodeEvent` do. */
export function newEvent<T extends EventType>(
  type: T,
  data: EventData[T],
  attributes: Omit<EventAttributes, "id">,
): EventOf<T> {
  return { ...attributes, id: uuidv7(), type, data };
}

/** @throws InvalidEventError if it breaks its contract: whoever made it is wrong */
export function storedEvent(event: AnyEvent): StoredEvent {
  const { type, data, ...attributes } = event;
  checkEventData(type, data);
  const payload = JSON.stringify(data);
  if (Buffer.byteLength(payload) > PAYLOAD_BYTES_MAX)
    throw new InvalidEventError("payload_too_large", type, "", `has over ${PAYLOAD_BYTES_MAX} bytes`);
  const stored = { ...attributes, type, key: keyOf(type, data), payload };
  checkHeaders(headersOf(stored), type);
  return stored;
}

/** The record of an event that was checked when it was stored. */
export function recordOf(stored: StoredEvent): OutgoingRecord {
  const { topic } = EVENTS[stored.type];
  return { topic, key: stored.key, value: Buffer.from(stored.payload), headers: headersOf(stored) };
}

/** @throws InvalidEventError if it breaks its contract: whoever made it is wrong */
export function encodeEvent(event: AnyEvent): OutgoingRecord {
  return recordOf(storedEvent(event));
}

export function topicOf(type: EventType): string {
  return EVENTS[type].topic;
}

/**
 * What a relay makes of the rows of its service's outbox. The time of an event is its row's: of the transaction that reports it. Where and with
 * which headers it goes is in the row: a later release may have written it, of a type that is not known here. Rows of an earlier release have
 * neither, and their types are known.
 * @throws InvalidEventError unknown_type for a row that has neither, and an unknown type
 */
export function rowEncoder({
  source,
  region,
}: Pick<EventAttributes, "source" | "region">): (row: StoredRow) => OutgoingRecord {
  const ours = { ...ALWAYS, ce_source: source, ...(region === undefined ? {} : { ce_region: region }) };
  // Rows of one type mostly have the same: parsed once for each run of them.
  let [last, common]: [string | null, Record<string, string>] = [null, {}];
  const commonHeaders = (text: string): Record<string, string> => {
    if (text !== last) [last, common] = [text, { ...ours, ...(JSON.parse(text) as Record<string, string>) }];
    return common;
  };
  return (row: StoredRow): OutgoingRecord => {
    const { event_id: id, event_type: type, partition_key: key, payload, traceparent, created_at: time } = row;
    if (row.topic !== null && row.headers !== null) {
      const headers = columnHeaders({ id, type, time, key, traceparent }, { ...commonHeaders(row.headers) });
      return { topic: row.topic, key, value: Buffer.from(payload), headers };
    }
    if (!isEventType(type))
      throw new InvalidEventError("unknown_type", undefined, "event_type", "is not in the registry");
    return recordOf({ id, type, key, payload, traceparent, time, source, region });
  };
}

/**
 * What a consumer makes of records: events of the types that it handles. Undefined for those of other types, which it skips whether it
 * knows them or not: a topic may gain some.
 * @throws InvalidEventError
 */
export function decodeOnly<T extends EventType>(
  ...types: readonly T[]
): (record: EncodedEvent) => AnyEvent<T> | undefined {
  const handled: ReadonlySet<string> = new Set(types);
  return (record) => {
    const type = record.headers["ce_type"];
    return type === undefined || handled.has(type) ? (decodeEvent(record) as AnyEvent<T>) : undefined;
  };
}

/** @throws InvalidEventError if it breaks its contract, which no repetition mends */
export function decodeEvent({ headers, key, value }: EncodedEvent): AnyEvent {
  const type = headers["ce_type"];
  if (type === undefined) throw new InvalidEventError("bad_header", undefined, "ce_type", "is missing");
  if (!isEventType(type)) throw new InvalidEventError("unknown_type", undefined, "ce_type", "is not in the registry");
  if (headers["ce_dataschema"] !== EVENTS[type].dataSchema)
    throw new InvalidEventError("unknown_version", type, "ce_dataschema", `is not ${EVENTS[type].dataSchema}`);
  checkHeaders(headers, type);
  const data = parseJson(type, value);
  checkEventData(type, data);
  const partitionKey = headers["ce_partitionkey"];
  if (partitionKey !== keyOf(type, data) || partitionKey !== key)
    throw new InvalidEventError(
      "bad_header",
      type,
      "ce_partitionkey",
      `is not both the record's key and the payload's`,
    );
  return { ...attributesOf(headers), type, data } as AnyEvent;
}

type Check = (value: string, type: EventType) => boolean;

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What a header's value has to be. */
export const HEADERS: Readonly<Record<string, { readonly required: boolean; readonly check: Check }>> = {
  "content-type": { required: true, check: (value) => /^application\/json(?:; ?charset=utf-8)?$/i.test(value) },
  ce_specversion: { required: true, check: (value) => value === "1.0" },
  ce_id: { required: true, check: isUuid },
  ce_type: { required: true, check: (value, type) => value === type },
  ce_source: { required: true, check: (value) => /^muster\/[a-z][a-z0-9-]{0,63}$/.test(value) },
  ce_time: { required: true, check: (value) => TIME.test(value) && !Number.isNaN(Date.parse(value)) },
  ce_subject: { required: false, check: (value) => /^\P{C}{1,256}$/u.test(value) },
  ce_partitionkey: { required: true, check: (value) => value !== "" },
  ce_traceparent: { required: false, check: () => true }, // a malformed one begins a new trace
  ce_dataschema: { required: true, check: (value, type) => value === EVENTS[type].dataSchema },
  ce_region: { required: false, check: (value) => /^[a-z0-9-]{1,32}$/.test(value) },
  ce_dataclassification: { required: true, check: (value, type) => value === EVENTS[type].classification },
};

const ALWAYS = { "content-type": "application/json", ce_specversion: "1.0" };

type InColumns = Pick<StoredEvent, "id" | "time" | "key" | "traceparent"> & { readonly type: string };

/** Adds the headers that an outbox has columns for. For each event of a relay: without copies. */
function columnHeaders(
  { id, type, time, key, traceparent }: InColumns,
  headers: Record<string, string>,
): Record<string, string> {
  headers["ce_id"] = id;
  headers["ce_type"] = type;
  headers["ce_time"] = time.toISOString();
  headers["ce_partitionkey"] = key;
  if (traceparent && parseTraceparent(traceparent) !== undefined) headers["ce_traceparent"] = traceparent;
  return headers;
}

function headersOf(stored: StoredEvent): Record<string, string> {
  return columnHeaders(stored, { ...ALWAYS, ce_source: stored.source, ...ownHeaders(stored) });
}

/** Those that an outbox keeps as they are, because neither its columns nor its service say them: few, for a longer row costs more to mark. */
export function ownHeaders({ type, subject, region }: StoredEvent): Record<string, string> {
  const { dataSchema, classification }: { dataSchema: string; classification: Classification } = EVENTS[type];
  return {
    ce_dataschema: dataSchema,
    ce_dataclassification: classification,
    ...(subject === undefined ? {} : { ce_subject: subject }),
    ...(region === undefined ? {} : { ce_region: region }),
  };
}

function attributesOf(headers: Readonly<Record<string, string>>): EventAttributes {
  const traceparent = headers["ce_traceparent"];
  return {
    id: headers["ce_id"] as string,
    source: headers["ce_source"] as string,
    time: new Date(headers["ce_time"] as string),
    subject: headers["ce_subject"],
    traceparent: parseTraceparent(traceparent) === undefined ? undefined : traceparent,
    region: headers["ce_region"],
  };
}

/** @throws InvalidEventError bad_header */
function checkHeaders(headers: Readonly<Record<string, string>>, type: EventType): void {
  for (const [name, { required, check }] of Object.entries(HEADERS)) {
    const value = headers[name];
    if (value === undefined && required) throw new InvalidEventError("bad_header", type, name, "is missing");
    if (value !== undefined && !check(value, type))
      throw new InvalidEventError("bad_header", type, name, "is malformed");
  }
}

function keyOf<T extends EventType>(type: T, data: EventData[T]): string {
  return String(data[EVENTS[type].key]);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws InvalidEventError */
function parseJson(type: EventType, value: Buffer): unknown {
  if (value.length > PAYLOAD_BYTES_MAX)
    throw new InvalidEventError("payload_too_large", type, "", `has over ${PAYLOAD_BYTES_MAX} bytes`);
  try {
    return JSON.parse(utf8.decode(value));
  } catch {
    // Without the cause: the parser's message has a piece of the payload.
    throw new InvalidEventError("bad_payload", type, "", "is not JSON in UTF-8");
  }
}
