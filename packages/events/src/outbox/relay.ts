// From outbox rows to records, in the order of each key, at least once. Only here are events produced: a service that changes a row and tells
// of it writes both in one transaction, and never speaks to a broker itself. The rules: design/backend/v2.1-event-kit.md.
import { type Database, faultOfDatabase, inTransaction, Tail } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, retryDelayMs, sleep } from "@muster/runtime";
import { type RawBuilder, type Transaction, sql } from "kysely";
import { atMost } from "../broker/at-most.ts";
import { BrokerError, type OutgoingRecord, type Producer } from "../broker/port.ts";
import { BATCH_BYTES_MAX, RECORD_OVERHEAD_BYTES } from "../topics.ts";
import { type Lease, Leases } from "./leases.ts";
import type { RelayMetrics } from "./metrics.ts";
import { type OutboxTable, type OutboxTables, SLOTS } from "./table.ts";

export type OutboxRow = Pick<OutboxTable, "event_id" | "event_type" | "partition_key" | "payload" | "traceparent"> & {
  readonly position: bigint;
  readonly slot: number;
  readonly created_at: Date;
  readonly topic: string | null;
  readonly headers: string | null;
};

export interface RelayOptions<Tables extends OutboxTables> {
  readonly db: Database<Tables>;
  readonly producer: Producer;
  /** What a row is on the wire. */
  readonly encode: (row: OutboxRow) => OutgoingRecord;
  /** See LeasesOptions. */
  readonly owner: string;
  readonly leaseMs?: number;
  readonly metrics: RelayMetrics;
  readonly log: Logger;
}

const LEASE_MS = 10_000;
const BATCH_ROWS = 1000;
/**
 * Rows of a read that follows one which was not full. Each full one allows twice as many to the next: with the largest payloads, a thousand
 * rows would be more memory than a small process has.
 */
const BATCH_ROWS_FIRST = 100;
/** How often the end of the table is looked at, by a look-up in its primary key that mostly finds nothing; and when nothing has come for a while. */
const LOOK_EVERY_MS = 10;
const LOOK_IDLE_EVERY_MS = 50;
const IDLE_AFTER_MS = 2000;
/** For the batch under way at a stop; what is not marked by then is sent again by whoever leases its slot. */
const STOP_MS = 3000;
/** Of the headers that are stored with a row. */
const USUAL_HEADERS_BYTES = 200;
const RETRY = { firstMs: 100, maxMs: 5000 };
const COLUMNS = [
  "position",
  "event_id",
  "event_type",
  "partition_key",
  "payload",
  "traceparent",
  "created_at",
  "slot",
  "topic",
  "headers",
] as const;

/** Publishes the slots that it has leased. Start one per process; any number may run on one outbox. */
export function createRelay<Tables extends OutboxTables>(options: RelayOptions<Tables>): Component {
  const { log, metrics } = options;
  const stop = new AbortController();
  const relay = new Relay(options, stop.signal);
  let running: Promise<void> | undefined;
  return {
    name: "outbox relay",
    async start() {
      running = run();
    },
    async stop() {
      stop.abort();
      await atMost(STOP_MS, running);
    },
  };

  async function run(): Promise<void> {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        await relay.publishUntilIdle();
        failures = 0;
        await relay.untilNews();
      } catch (err) {
        if (!(err instanceof BrokerError) && faultOfDatabase(err) === undefined)
          log.error({ err }, "the outbox relay failed");
        else if (failures === 0) log.warn({ err }, "the outbox relay cannot publish: events wait in the outbox");
        metrics.failed(err instanceof BrokerError ? "broker" : "database");
        failures++;
        await sleep(retryDelayMs(failures, RETRY), stop.signal);
      }
    }
    await relay.release().catch((err: unknown) => log.warn({ err }, "the outbox relay did not give its slots back"));
  }
}

class Relay<Tables extends OutboxTables> {
  readonly #db: Database<OutboxTables>;
  readonly #options: RelayOptions<Tables>;
  readonly #leases: Leases<Tables>;
  readonly #tail: Tail<OutboxTables>;
  readonly #stop: AbortSignal;
  #newsAt = -Infinity;
  #rowsMax = BATCH_ROWS_FIRST;

  constructor(options: RelayOptions<Tables>, stop: AbortSignal) {
    const { db, owner, leaseMs = LEASE_MS } = options;
    this.#db = db as unknown as Database<OutboxTables>;
    this.#options = options;
    this.#leases = new Leases({ db, owner, leaseMs });
    this.#tail = new Tail(this.#db, { table: "outbox", columns: ["position"], pageRows: BATCH_ROWS });
    this.#stop = stop;
  }

  release(): Promise<void> {
    return this.#leases.release();
  }

  /** Returns when somebody has committed an event, or leases are due. */
  async untilNews(): Promise<void> {
    while (!this.#stop.aborted && !this.#leases.due) {
      if ((await this.#tail.read()).length > 0) {
        this.#newsAt = performance.now();
        return;
      }
      const idle = performance.now() - this.#newsAt > IDLE_AFTER_MS;
      await sleep(idle ? LOOK_IDLE_EVERY_MS : LOOK_EVERY_MS, this.#stop);
    }
  }

  /**
   * Publishes what is in the leased slots until nothing is left. While one batch is on its way, the one before is marked and the next one
   * is read: from the start of what is unpublished, without those two. A row that was committed late may be below them, and one behind them
   * may be of its key: a cursor would publish that one first.
   */
  async publishUntilIdle(): Promise<void> {
    let sending: Promise<Batch> | undefined;
    let marking: Promise<void> | undefined;
    let marked: Batch = [];
    let batch: Batch = [];
    try {
      while (!this.#stop.aborted) {
        if (this.#leases.due || batch.length === 0) {
          await marking;
          [marking, marked] = [undefined, []];
          if (this.#leases.due) await this.#renew();
          batch = await this.#read([]);
          if (batch.length === 0) return;
        }
        sending = this.#send(batch);
        const [sent, next] = await Promise.all([sending, this.#read([...marked, ...batch]), marking]);
        marked = sent;
        marking = this.#mark(sent);
        batch = next;
      }
    } finally {
      await Promise.allSettled([sending]);
      await marking;
    }
  }

  async #renew(): Promise<void> {
    const changed = await this.#leases.renew();
    const { valid, epochMax } = this.#leases;
    this.#options.metrics.leased(valid.length, epochMax);
    if (changed) this.#options.log.info({ slots: valid.length, epoch: epochMax }, "the outbox relay's slots changed");
  }

  async #read(without: Batch): Promise<Batch> {
    const slots = this.#leases.valid.map(({ slot }) => slot);
    if (slots.length === 0) return [];
    let query = this.#db
      .selectFrom("outbox")
      .select(COLUMNS)
      .where("published_at", "is", null)
      .orderBy("position")
      .limit(this.#rowsMax);
    if (slots.length < SLOTS) query = query.where("slot", "in", slots);
    // An expression, since of the column alone the server would make as many ranges of its index.
    if (without.length > 0) query = query.where(sql<boolean>`not ${isOneOf("position + 0", without)}`);
    const rows = await query.execute();
    this.#rowsMax = rows.length < this.#rowsMax ? BATCH_ROWS_FIRST : Math.min(BATCH_ROWS, this.#rowsMax * 2);
    const batch: Publication[] = [];
    let bytes = 0;
    for (const row of rows) {
      const record = this.#options.encode(row);
      bytes += record.value.length + RECORD_OVERHEAD_BYTES + bytesAboveUsual(row.headers);
      // All may go to one partition, whose broker refuses more: for ever, and what is behind it would wait.
      if (bytes > BATCH_BYTES_MAX && batch.length > 0) {
        this.#rowsMax = Math.max(1, batch.length);
        break;
      }
      batch.push({ row, record });
    }
    return batch;
  }

  /** @returns those that were sent: all but those whose slots were lost since they were read */
  async #send(batch: Batch): Promise<Batch> {
    const { producer, metrics, log } = this.#options;
    const valid = new Set(this.#leases.valid.map(({ slot }) => slot));
    const sent = batch.filter(({ row }) => valid.has(row.slot));
    const sending = producer.send(sent.map(({ record }) => record));
    await this.#leases.during(sending, this.#stop, (err) =>
      log.debug({ err }, "the outbox relay's leases were not renewed"),
    );
    metrics.published(sent.length);
    return sent;
  }

  /**
   * Only what is still ours: whoever has leased a slot since then sends its rows again, and marks them itself. A lease that has merely run out
   * is ours.
   */
  async #mark(sent: Batch): Promise<void> {
    const slots = new Set(sent.map(({ row }) => row.slot));
    const leases = this.#leases.held.filter(({ slot }) => slots.has(slot));
    if (leases.length === 0) return;
    await inTransaction(this.#db, (tx) => markIn(tx, sent, leases, this.#options.owner), {
      isolation: "read committed",
      repeatable: "mark published",
    });
  }
}

/** Those of our own types are in the overhead; a later release may have longer ones. */
function bytesAboveUsual(headers: string | null): number {
  return headers === null ? 0 : Math.max(0, Buffer.byteLength(headers) - USUAL_HEADERS_BYTES);
}

interface Publication {
  readonly row: OutboxRow;
  readonly record: OutgoingRecord;
}

type Batch = readonly Publication[];

/**
 * Whether `position`, an expression, is one of these; as runs of positions that follow each other, mostly one or a few: a list of a thousand
 * costs more than the statement itself. As text, for the same reason: numbers only.
 */
function isOneOf(position: string, batch: Batch): RawBuilder<boolean> {
  const runs: { first: bigint; last: bigint }[] = [];
  for (const { row } of batch.toSorted((a, b) => (a.row.position < b.row.position ? -1 : 1))) {
    const run = runs.at(-1);
    if (run && row.position === run.last + 1n) run.last = row.position;
    else runs.push({ first: row.position, last: row.position });
  }
  const [alone, long] = [
    runs.filter(({ first, last }) => first === last),
    runs.filter(({ first, last }) => first < last),
  ];
  const terms = long.map(({ first, last }) => `${position} between ${first} and ${last}`);
  if (alone.length > 0) terms.push(`${position} in (${alone.map(({ first }) => first).join(",")})`);
  return sql.raw(`(${terms.join(" or ")})`);
}

async function markIn(
  tx: Transaction<OutboxTables>,
  sent: Batch,
  leases: readonly Lease[],
  owner: string,
): Promise<void> {
  // Locked until the commit: no other relay gets one of these slots before its rows are marked.
  const locked = await tx
    .selectFrom("outbox_slots")
    .select(["slot", "epoch"])
    .where(
      "slot",
      "in",
      leases.map(({ slot }) => slot),
    )
    .where("owner", "=", owner)
    .orderBy("slot")
    .forUpdate()
    .execute();
  const epochs = new Map(leases.map(({ slot, epoch }) => [slot, epoch]));
  const ours = new Set(locked.filter(({ slot, epoch }) => epochs.get(slot) === epoch).map(({ slot }) => slot));
  const mine = sent.filter(({ row }) => ours.has(row.slot));
  if (mine.length === 0) return;
  await sql`update outbox set published_at = utc_timestamp(6) where ${isOneOf("position", mine)}`.execute(tx);
}
