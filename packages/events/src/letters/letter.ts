// A dead letter as operators see it. No I/O.
import type { ReceivedRecord } from "../broker/port.ts";
import { type Handling, type Mark, markOf } from "../consumer/dlq.ts";

export type LetterState = "open" | Handling;

export interface Letter {
  readonly record: ReceivedRecord;
  readonly offset: bigint;
  readonly state: LetterState;
  /** The last one. */
  readonly mark: Mark | undefined;
  readonly eventId: string;
  readonly type: string;
  readonly key: string;
  /** Why it failed: invalid, permanent, transient or unknown. */
  readonly failure: string;
  readonly error: string;
  readonly attempts: number;
  /** The last time. */
  readonly failedAtMs: number;
  /** Where it was published: topic/partition/offset. */
  readonly origin: string;
}

/** Records of one partition, in its order; the marks of a letter come behind it. */
export function lettersOf(records: readonly ReceivedRecord[]): Letter[] {
  const letters = new Map<bigint, Letter>();
  for (const record of records) noteRecord(letters, record);
  return [...letters.values()];
}

/** The next record of a DLQ: a letter, or what became of one that came before. */
export function noteRecord(letters: Map<bigint, Letter>, record: ReceivedRecord): void {
  const mark = markOf(record);
  if (!mark) {
    letters.set(record.offset, letterOf(record));
    return;
  }
  const letter = letters.get(mark.offset);
  if (letter) letters.set(mark.offset, { ...letter, state: mark.handling, mark });
}

/** With key and headers: a record may consist of nothing else. */
export function bytesOf({ key = "", value, headers }: Pick<ReceivedRecord, "key" | "value" | "headers">): number {
  return [key, ...Object.entries(headers).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), value.length);
}

export function letterOf(record: ReceivedRecord): Letter {
  const { headers, offset, key = "", timestampMs } = record;
  const failedAtMs = Date.parse(headers["dlq_failed_at"] ?? "");
  return {
    record,
    offset,
    state: "open",
    mark: undefined,
    eventId: headers["ce_id"] ?? "",
    type: headers["ce_type"] ?? "",
    key,
    failure: headers["dlq_class"] ?? "",
    error: headers["dlq_error"] ?? "",
    attempts: Number(headers["dlq_attempts"] ?? 0) || 0,
    failedAtMs: Number.isNaN(failedAtMs) ? timestampMs : failedAtMs,
    origin: [headers["dlq_topic"], headers["dlq_partition"], headers["dlq_offset"]].join("/"),
  };
}
