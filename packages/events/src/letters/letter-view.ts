// A consumer's DLQ as a console sees it: read from its beginning when somebody looks, kept up to date while somebody does, and forgotten afterwards.
// It commits nothing, and reads in a group of its own: the consumer does not notice.
import { randomUUID } from "node:crypto";
import { type Component, until } from "@muster/runtime";
import type { Admin, Broker, Consumer, ReceivedRecord } from "../broker/port.ts";
import { markOf } from "../consumer/dlq.ts";
import { bytesOf, type Letter, noteRecord } from "./letter.ts";

/** Of letters that are kept in memory. Policy beyond: handled ones are forgotten, then new ones are only counted. */
const BYTES_MAX = 32 * 1024 * 1024;
const IDLE_MS = 60_000;

export interface Letters {
  /** By offset, in its order. */
  readonly letters: ReadonlyMap<bigint, Letter>;
  /** Letters that did not fit. */
  readonly notShown: number;
}

interface Reading {
  readonly consumer: Consumer;
  readonly letters: Map<bigint, Letter>;
  /** Offsets of the letters that are forgotten when there is too little room. */
  readonly handled: Set<bigint>;
  /** Offsets of all letters that have a mark. When all is read anew, these take no room from those that did not fit: marks come last. */
  readonly marked: Set<bigint>;
  next: bigint;
  bytes: number;
  notShown: number;
}

/** @throws BrokerError */
export type AskAdmin = <T>(call: (admin: Admin) => Promise<T>) => Promise<T>;

export interface LetterViewOptions {
  readonly broker: Promise<Broker>;
  readonly ask: AskAdmin;
  /** Any that this process may ask about. */
  readonly group: string;
  readonly topic: string;
  readonly bytesMax?: number;
  /** After so long without a look, all is forgotten. */
  readonly idleMs?: number;
}

export class LetterView implements Component {
  readonly name: string;
  readonly #options: LetterViewOptions;
  readonly #bytesMax: number;
  #reading: Promise<Reading> | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: LetterViewOptions) {
    this.name = `letters of ${options.topic}`;
    this.#options = options;
    this.#bytesMax = options.bytesMax ?? BYTES_MAX;
  }

  /** All that is in the DLQ now; or it was not read to its end within that time, and that goes on. @throws BrokerError */
  async read(withinMs: number): Promise<Letters | "being read"> {
    const startedAt = performance.now();
    const { ask, group, topic } = this.#options;
    this.#waitIdle();
    const [partition] = await ask((admin) => admin.lag(group, [topic]));
    if (!partition || partition.end === partition.first) return { letters: new Map(), notShown: 0 };
    let reading = await (this.#reading ??= this.#start());
    if (reading.notShown > 0 && reading.bytes < this.#bytesMax / 2) {
      await this.stop();
      this.#waitIdle();
      reading = await (this.#reading ??= this.#start(reading.marked));
    }
    try {
      await until(
        () => (reading.next >= partition.end ? undefined : "not read to its end"),
        Math.max(0, withinMs - (performance.now() - startedAt)),
      );
    } catch {
      return "being read";
    }
    for (const offset of reading.letters.keys()) if (offset < partition.first) forget(reading, offset);
    return { letters: reading.letters, notShown: reading.notShown };
  }

  async stop(): Promise<void> {
    clearTimeout(this.#idle);
    const reading = this.#reading;
    this.#reading = undefined;
    await (await reading)?.consumer.stop();
  }

  #waitIdle(): void {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.stop(), this.#options.idleMs ?? IDLE_MS).unref();
  }

  async #start(without: ReadonlySet<bigint> = new Set()): Promise<Reading> {
    const { broker, topic } = this.#options;
    const consumer = (await broker).consumer({
      group: `muster.dlq-view.${randomUUID()}`,
      topics: [topic],
      concurrency: 1,
      from: "earliest",
      handle: async ({ records }) => {
        for (const record of records) this.#note(reading, record, without);
        return { next: reading.next, pauseMs: 0 };
      },
    });
    const reading: Reading = {
      consumer,
      letters: new Map(),
      handled: new Set(),
      marked: new Set(),
      next: 0n,
      bytes: 0,
      notShown: 0,
    };
    await consumer.start();
    return reading;
  }

  #note(reading: Reading, record: ReceivedRecord, without: ReadonlySet<bigint>): void {
    reading.next = record.offset + 1n;
    if (without.has(record.offset)) return;
    const bytes = bytesOf(record);
    if (reading.bytes + bytes > this.#bytesMax) for (const offset of reading.handled) forget(reading, offset);
    const before = reading.letters.size;
    const mark = markOf(record);
    if (!mark && reading.bytes + bytes > this.#bytesMax) {
      reading.notShown++;
      return;
    }
    noteRecord(reading.letters, record);
    if (mark) reading.marked.add(mark.offset);
    if (mark && reading.letters.has(mark.offset)) reading.handled.add(mark.offset);
    if (reading.letters.size > before) reading.bytes += bytes;
  }
}

function forget(reading: Reading, offset: bigint): void {
  const letter = reading.letters.get(offset);
  if (letter) reading.bytes -= bytesOf(letter.record);
  reading.letters.delete(offset);
  reading.handled.delete(offset);
}
