// What a record carries on its way through retry topics, the DLQ and back: where it came from, why, and how often it was tried.
import { cut } from "@muster/runtime";
import type { OutgoingRecord, ReceivedRecord } from "../broker/port.ts";
import { HEADERS, PAYLOAD_BYTES_MAX } from "../contract/envelope.ts";
import type { FailureClass } from "./retry-policy.ts";

/** Its own beside the envelope's; `docs`: contracts/events/envelope.v1.md. */
const PREFIX = "dlq_";
const ERROR_CHARS = 512;
/** Of all headers; a record that has more keeps only those that the consumer knows. */
const HEADER_BYTES_MAX = 16 * 1024;
/** Of a header that is kept then, and of a letter's key. */
const TEXT_BYTES_MAX = 1024;

export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface Attempts {
  readonly made: number;
  readonly firstFailedAtMs: number;
}

/**
 * What a consumer believes of a record: whoever may write to a topic of events must not be able to say that the record was tried before, or when it
 * is due. Headers without end would fit neither into a letter nor into the table of parked events.
 */
export function believed(record: ReceivedRecord, isOwnTopic: boolean): ReceivedRecord {
  let bytes = 0;
  let foreign = false;
  for (const [name, value] of Object.entries(record.headers)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (!isOwnTopic && name.startsWith(PREFIX)) foreign = true;
  }
  if (bytes <= HEADER_BYTES_MAX) return foreign ? { ...record, headers: eventHeaders(record) } : record;
  const known = Object.entries(record.headers).filter(
    ([name, value]) =>
      (Object.hasOwn(HEADERS, name) || (isOwnTopic && DEAD_LETTER_HEADERS.has(name))) &&
      Buffer.byteLength(value) <= TEXT_BYTES_MAX,
  );
  return { ...record, headers: Object.fromEntries(known) };
}

const DEAD_LETTER_HEADERS: ReadonlySet<string> = new Set(
  "consumer topic partition offset class error attempts first_failed_at failed_at due_ms order left_out"
    .split(" ")
    .map((name) => PREFIX + name),
);

/** Where the record was published as an event: also for one that comes from a retry topic or is replayed. */
export function originOf({ topic, partition, offset, headers }: ReceivedRecord): Origin {
  const from = headers["dlq_topic"];
  const [partitionThere, offsetThere] = [wholeNumber(headers["dlq_partition"]), wholeNumber(headers["dlq_offset"])];
  if (from === undefined || partitionThere === undefined || offsetThere === undefined)
    return { topic, partition, offset };
  return { topic: from, partition: Number(partitionThere), offset: offsetThere };
}

export function attemptsOf({ headers }: ReceivedRecord, nowMs: number): Attempts {
  const firstFailedAtMs = Date.parse(headers["dlq_first_failed_at"] ?? "");
  return {
    made: Number(wholeNumber(headers["dlq_attempts"]) ?? 0),
    firstFailedAtMs: Number.isNaN(firstFailedAtMs) ? nowMs : firstFailedAtMs,
  };
}

/** When a record of a retry topic is to be tried: never later than its topic's delay after it came. */
export function dueMsOf({ headers, timestampMs }: ReceivedRecord, delayMs: number): number {
  const dueMs = wholeNumber(headers["dlq_due_ms"]);
  return dueMs === undefined ? 0 : Math.min(Number(dueMs), timestampMs + delayMs);
}

function wholeNumber(text = ""): bigint | undefined {
  return /^\d{1,18}$/.test(text) ? BigInt(text) : undefined;
}

export interface DeadLetter {
  readonly record: ReceivedRecord;
  readonly to: string;
  readonly consumer: string;
  readonly failure: FailureClass;
  readonly error: string;
  readonly attempts: Attempts;
  readonly nowMs: number;
  /** For a retry topic. */
  readonly dueMs?: number;
}

export function deadLetterOf(letter: DeadLetter): OutgoingRecord {
  const { record, to, consumer, failure, error, attempts, nowMs, dueMs } = letter;
  const { topic, partition, offset } = originOf(record);
  const own = {
    dlq_consumer: consumer,
    dlq_topic: topic,
    dlq_partition: String(partition),
    dlq_offset: String(offset),
    dlq_class: failure,
    dlq_error: cut(error, ERROR_CHARS),
    dlq_attempts: String(attempts.made),
    dlq_first_failed_at: new Date(attempts.firstFailedAtMs).toISOString(),
    dlq_failed_at: new Date(nowMs).toISOString(),
    ...(dueMs === undefined ? {} : { dlq_due_ms: String(dueMs) }),
  };
  const { key = "", value } = record;
  // Neither is of a valid event, and with them the letter might be larger than its topic takes: then nothing could ever be put aside.
  const leftOut = [
    ...(Buffer.byteLength(key) > TEXT_BYTES_MAX ? [`a key of ${Buffer.byteLength(key)} bytes`] : []),
    ...(value.length > PAYLOAD_BYTES_MAX ? [`a payload of ${value.length} bytes`] : []),
  ];
  return {
    topic: to,
    key: Buffer.byteLength(key) > TEXT_BYTES_MAX ? "" : key,
    value: value.length > PAYLOAD_BYTES_MAX ? Buffer.alloc(0) : value,
    headers: {
      ...eventHeaders(record),
      ...own,
      ...(leftOut.length > 0 && { dlq_left_out: leftOut.join(", ") }),
    },
  };
}

/** Of the event itself. */
export function eventHeaders({ headers }: ReceivedRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX)));
}
