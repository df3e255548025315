// From outbox rows to records, in the order of each key, at least once. Only here are events produced: a service that changes a row and tells
// of it writes both in one transaction, and never speaks to a broker itself. The rules: design/backend/v2.1-event-kit.md.
import { type Database, faultOfDatabase, inTransaction, Tail } from "@muster/db";
import type { Logger } from "@muster/log";
import { type Component, retryDelayMs, sleep } from "@muster/runtime";
import { type Transaction, sql } from "kysely";
import { BrokerError, type OutgoingRecord, type Producer } from "../broker/port.ts";
import { BATCH_BYTES_MAX, RECORD_OVERHEAD_BYTES } from "../topics.ts";
import { type Lease, Leases } from "./leases.ts";
import type { RelayMetrics } from "./metrics.ts";
import { type OutboxTable, type OutboxTables, SLOTS } from "./table.ts";

export type OutboxRow = Pick<OutboxTable, "event_id" | "event_type" | "partition_key" | "payload" | "traceparent"> & {
  readonly position: bigint;
  readonly slot: number;
  readonly created_at: Date;
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
/** How often the end of the table is looked at, by a look-up in its primary key that mostly finds nothing; and when nothing has come for a while. */
const LOOK_EVERY_MS = 10;
const LOOK_IDLE_EVERY_MS = 50;
const IDLE_AFTER_MS = 2000;
/** For the batch under way at a stop; what is not marked by then is sent again by whoever leases its slot. */
const STOP_MS = 3000;
/** Under a load that never lets up, rows that were committed late are looked for after so many batches. */
const FULL_READ_EVERY = 16;
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
      await Promise.race([running, sleep(STOP_MS)]);
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
   * is read: that one has higher positions only, and a row that was committed late below them is found when all is read again.
   */
  async publishUntilIdle(): Promise<void> {
    let marking: Promise<void> | undefined;
    let batch: readonly OutboxRow[] = [];
    let after = 0n;
    try {
      for (let count = 1; !this.#stop.aborted; count++) {
        if (this.#leases.due || batch.length === 0) {
          await marking;
          marking = undefined;
          if (this.#leases.due) await this.#renew();
          after = 0n;
          batch = await this.#read(after);
          if (batch.length === 0) return;
        }
        const sending = this.#send(batch);
        after = count % FULL_READ_EVERY === 0 ? after : (batch.at(-1)?.position ?? after);
        const reading = count % FULL_READ_EVERY === 0 ? Promise.resolve([]) : this.#read(after);
        const [sent, next] = await Promise.all([sending, reading, marking]);
        marking = this.#mark(sent);
        batch = next;
      }
    } finally {
      await marking;
    }
  }

  async #renew(): Promise<void> {
    const changed = await this.#leases.renew();
    const { valid, epochMax } = this.#leases;
    this.#options.metrics.leased(valid.length, epochMax);
    if (changed) this.#options.log.info({ slots: valid.length, epoch: epochMax }, "the outbox relay's slots changed");
  }

  async #read(after: bigint): Promise<OutboxRow[]> {
    const slots = this.#leases.valid.map(({ slot }) => slot);
    if (slots.length === 0) return [];
    let query = this.#db
      .selectFrom("outbox")
      .select(COLUMNS)
      .where("published_at", "is", null)
      .where("position", ">", after)
      .orderBy("position")
      .limit(BATCH_ROWS);
    if (slots.length < SLOTS) query = query.where("slot", "in", slots);
    const rows = await query.execute();
    let bytes = 0;
    // All may go to one partition, whose broker refuses more: for ever, and what is behind it would wait.
    const end = rows.findIndex(
      ({ payload }) => (bytes += Buffer.byteLength(payload) + RECORD_OVERHEAD_BYTES) > BATCH_BYTES_MAX,
    );
    return end < 0 ? rows : rows.slice(0, Math.max(1, end));
  }

  /** @returns those that were sent: all but those whose slots were lost since they were read */
  async #send(batch: readonly OutboxRow[]): Promise<readonly OutboxRow[]> {
    const { producer, encode, metrics } = this.#options;
    const valid = new Set(this.#leases.valid.map(({ slot }) => slot));
    const rows = batch.filter(({ slot }) => valid.has(slot));
    await producer.send(rows.map(encode));
    metrics.published(rows.length);
    return rows;
  }

  /** Only what is still ours: whoever has leased a slot since then sends its rows again, and marks them itself. */
  async #mark(rows: readonly OutboxRow[]): Promise<void> {
    const slots = new Set(rows.map(({ slot }) => slot));
    const leases = this.#leases.valid.filter(({ slot }) => slots.has(slot));
    if (leases.length === 0) return;
    await inTransaction(this.#db, (tx) => markIn(tx, rows, leases, this.#options.owner), "read committed");
  }
}

async function markIn(
  tx: Transaction<OutboxTables>,
  rows: readonly OutboxRow[],
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
  const positions = rows.filter(({ slot }) => ours.has(slot)).map(({ position }) => position);
  if (positions.length === 0) return;
  // As text: numbers only, and five hundred parameters would cost more than the update itself.
  await sql`update outbox set published_at = utc_timestamp(6) where position in (${sql.raw(positions.join(","))})`.execute(
    tx,
  );
}
