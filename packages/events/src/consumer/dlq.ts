// What is in a DLQ: letters, which a consumer puts there, and behind them marks, which tools/dlq puts there when a letter was replayed or
// discarded. No I/O. Why: design/backend/v2.1-dlq.md.
import type { Batch, OutgoingRecord, ReceivedRecord } from "../broker/port.ts";
import { eventHeaders, originOf } from "./dead-letter.ts";

export type Handling = "replayed" | "discarded";

/** Says of a letter in the same partition that it is handled. */
export interface Mark {
  readonly handling: Handling;
  /** The letter's. */
  readonly offset: bigint;
  readonly actor: string;
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly why: string;
}

/** Undefined: it is a letter. A malformed mark gets an offset that no letter has. */
export function markOf({ headers }: ReceivedRecord): Mark | undefined {
  const handling = headers["dlq_mark"];
  if (handling === undefined) return undefined;
  const offset = headers["dlq_marked_offset"] ?? "";
  return {
    handling: handling === "discarded" ? "discarded" : "replayed",
    offset: /^\d{1,19}$/.test(offset) ? BigInt(offset) : -1n,
    actor: headers["dlq_actor"] ?? "",
    at: headers["dlq_at"] ?? "",
    why: headers["dlq_why"] ?? "",
  };
}

/** With the letter's key, so that it is in the letter's partition. */
export function markRecord(letter: ReceivedRecord, { handling, actor, at, why }: Omit<Mark, "offset">): OutgoingRecord {
  return {
    topic: letter.topic,
    key: letter.key ?? "",
    value: Buffer.alloc(0),
    headers: {
      dlq_mark: handling,
      dlq_marked_offset: String(letter.offset),
      dlq_actor: actor,
      dlq_at: at,
      dlq_why: why,
    },
  };
}

/** The event of a letter as its consumer gets it again: it keeps where it was published, and is tried as if for the first time. */
export function replayRecord(letter: ReceivedRecord, replayTopic: string): OutgoingRecord {
  const { topic, partition, offset } = originOf(letter);
  return {
    topic: replayTopic,
    key: letter.key ?? "",
    value: letter.value,
    headers: {
      ...eventHeaders(letter),
      dlq_topic: topic,
      dlq_partition: String(partition),
      dlq_offset: String(offset),
    },
  };
}

/** Tells an ordered consumer that the event is given up: the events behind it go on. */
export function discardOrder(letter: ReceivedRecord, replayTopic: string): OutgoingRecord {
  const replay = replayRecord(letter, replayTopic);
  return { ...replay, headers: { ...replay.headers, dlq_order: "discard" } };
}

export function isDiscardOrder({ headers }: ReceivedRecord): boolean {
  return headers["dlq_order"] === "discard";
}

/** The letters of a consumer's DLQ that nobody has handled, as far as they have been read: for the metrics. */
export class OpenLetters {
  readonly #retentionMs: number;
  /** By partition and offset, in the order of their coming: when they came. */
  readonly #letters = new Map<string, number>();

  constructor(retentionMs: number) {
    this.#retentionMs = retentionMs;
  }

  /** Without a commit: the partition's next holder reads all of it again. */
  read({ records }: Batch): { readonly next: bigint; readonly pauseMs: number } {
    for (const record of records) this.#note(record);
    return { next: (records.at(-1)?.offset ?? -1n) + 1n, pauseMs: 0 };
  }

  #note(record: ReceivedRecord): void {
    const mark = markOf(record);
    if (mark) this.#letters.delete(`${record.partition}/${mark.offset}`);
    else this.#letters.set(`${record.partition}/${record.offset}`, record.timestampMs);
  }

  /** Of the partitions that another member has now. */
  keepOnly(partitions: ReadonlySet<number>): void {
    for (const id of this.#letters.keys())
      if (!partitions.has(Number(id.slice(0, id.indexOf("/"))))) this.#letters.delete(id);
  }

  /** The broker has deleted letters that are older than the topic's retention. */
  at(nowMs: number): { readonly depth: number; readonly oldestSeconds: number } {
    for (const [id, cameAt] of this.#letters) if (cameAt < nowMs - this.#retentionMs) this.#letters.delete(id);
    let oldestMs = nowMs; // not Math.min(...): a hundred thousand arguments are too many
    for (const cameAt of this.#letters.values()) oldestMs = Math.min(oldestMs, cameAt);
    return { depth: this.#letters.size, oldestSeconds: (nowMs - oldestMs) / 1000 };
  }
}
