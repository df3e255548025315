// What a record carries on its way through retry topics, the DLQ and back: where it came from, why, and how often it was tried.
import { cut } from "@muster/runtime";
import type { OutgoingRecord, ReceivedRecord } from "../broker/port.ts";
import type { FailureClass } from "./retry-policy.ts";

/** Its own beside the envelope's; `docs`: contracts/events/envelope.v1.md. */
const PREFIX = "dlq_";
const ERROR_CHARS = 512;

export interface Origin {
  readonly topic: string;
  readonly partition: number;
  readonly offset: bigint;
}

export interface Attempts {
  readonly made: number;
  readonly firstFailedAtMs: number;
}

/** Where the record was published as an event: also for one that comes from a retry topic or is replayed. */
export function originOf({ topic, partition, offset, headers }: ReceivedRecord): Origin {
  if (headers["dlq_topic"] === undefined) return { topic, partition, offset };
  return {
    topic: headers["dlq_topic"],
    partition: Number(headers["dlq_partition"]),
    offset: BigInt(headers["dlq_offset"] ?? 0),
  };
}

export function attemptsOf({ headers }: ReceivedRecord, nowMs: number): Attempts {
  return {
    made: Number(headers["dlq_attempts"] ?? 0),
    firstFailedAtMs: headers["dlq_first_failed_at"] ? Date.parse(headers["dlq_first_failed_at"]) : nowMs,
  };
}

/** When a record of a retry topic is to be tried; 0 for any other. */
export function dueMsOf({ headers }: ReceivedRecord): number {
  return Number(headers["dlq_due_ms"] ?? 0);
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
  return { topic: to, key: record.key ?? "", value: record.value, headers: { ...eventHeaders(record), ...own } };
}

/** Of the event itself. */
export function eventHeaders({ headers }: ReceivedRecord): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith(PREFIX)));
}
