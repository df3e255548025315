// Which slots of an outbox this relay publishes. Leases are rows with an epoch: taken when nobody has them or their holder has gone, renewed
// while the relay lives, shared evenly among the relays that live. Times are the database server's: instances' clocks are never compared.
import { type Database, inTransaction } from "@muster/db";
import { type RawBuilder, type Transaction, sql } from "kysely";
import { type OutboxTables, SLOTS } from "./table.ts";

export interface Lease {
  readonly slot: number;
  readonly epoch: number;
}

export interface LeasesOptions<Tables extends OutboxTables> {
  readonly db: Database<Tables>;
  /** Of this start of the process: no two relays have the same, ever. */
  readonly owner: string;
  /** After this long without a renewal another relay may take the slots, ms. */
  readonly leaseMs: number;
  /** Milliseconds on a clock that never goes back. */
  readonly clock?: () => number;
}

/** A producer gives up a batch long before. */
const KEPT_FOR_LEASES = 6;

export class Leases<Tables extends OutboxTables> {
  readonly #db: Database<OutboxTables>;
  readonly #owner: string;
  readonly #leaseMs: number;
  readonly #clock: () => number;
  #held: ReadonlyMap<number, Lease> = new Map();
  /** On our clock, before the server said that they are ours: by then they are still. */
  #validUntil = -Infinity;
  #renewedAt = -Infinity;

  constructor({ db, owner, leaseMs, clock = () => performance.now() }: LeasesOptions<Tables>) {
    this.#db = db as unknown as Database<OutboxTables>;
    this.#owner = owner;
    this.#leaseMs = leaseMs;
    this.#clock = clock;
  }

  /** Those that certainly are still ours; none once they were not renewed in time. */
  get valid(): readonly Lease[] {
    return this.#clock() < this.#validUntil ? this.held : [];
  }

  /** Those of the last renewal, whether or not others may take them by now: their epochs say whether somebody has. */
  get held(): readonly Lease[] {
    return [...this.#held.values()];
  }

  get epochMax(): number {
    return Math.max(0, ...this.held.map(({ epoch }) => epoch));
  }

  /** A third of the lease has passed since the last renewal. */
  get due(): boolean {
    return this.#clock() - this.#renewedAt >= this.#leaseMs / 3;
  }

  /**
   * Renews what is ours, takes our share of what is free, and gives back what is above it. Call it while no batch is on its way.
   * @returns whether slots were gained or lost
   */
  async renew(): Promise<boolean> {
    const askedAt = this.#clock();
    const before = this.#held;
    const held = await inTransaction(this.#db, (tx) => this.#shareIn(tx), {
      isolation: "read committed",
      repeatable: "share slots",
    });
    this.#held = new Map(held.map((lease) => [lease.slot, lease]));
    this.#renewedAt = this.#clock();
    this.#validUntil = askedAt + this.#leaseMs;
    return before.size !== held.length || held.some(({ slot, epoch }) => before.get(slot)?.epoch !== epoch);
  }

  /**
   * While `work` takes longer than a third of the lease, what is ours stays ours: else two relays with a slow broker would take each other's
   * slots for ever, and neither could mark. Nothing is gained or given back meanwhile. Not for ever: what hangs is left to others.
   * @param onFailure of one of several tries
   */
  async during<T>(work: Promise<T>, stop: AbortSignal, onFailure: (err: unknown) => void): Promise<T> {
    const until = this.#clock() + KEPT_FOR_LEASES * this.#leaseMs;
    let keeping: Promise<void> | undefined;
    const keep = (): void => {
      if (stop.aborted || this.#clock() > until) return;
      keeping ??= this.#keep()
        .catch(onFailure)
        .finally(() => {
          keeping = undefined;
        });
    };
    const timer = setInterval(keep, this.#leaseMs / 3);
    try {
      return await work;
    } finally {
      clearInterval(timer);
      await keeping;
    }
  }

  /** Others need not wait until the leases expire. */
  async release(): Promise<void> {
    this.#held = new Map();
    this.#validUntil = -Infinity;
    await this.#db.deleteFrom("outbox_relays").where("owner", "=", this.#owner).execute();
  }

  async #keep(): Promise<void> {
    const askedAt = this.#clock();
    const ours = await inTransaction(this.#db, (tx) => this.#keepIn(tx), {
      isolation: "read committed",
      repeatable: "keep slots",
    });
    const epochs = new Map(ours.map(({ slot, epoch }) => [slot, epoch]));
    this.#held = new Map([...this.#held].filter(([slot, { epoch }]) => epochs.get(slot) === epoch));
    this.#validUntil = askedAt + this.#leaseMs;
  }

  /** The slots are locked before, as by whoever takes some: what nobody has taken by then is ours for another lease. */
  async #keepIn(tx: Transaction<OutboxTables>): Promise<Lease[]> {
    const ours = await tx
      .selectFrom("outbox_slots")
      .select(["slot", "epoch"])
      .where("owner", "=", this.#owner)
      .orderBy("slot")
      .forUpdate()
      .execute();
    await tx.updateTable("outbox_relays").set({ expires_at: this.#end() }).where("owner", "=", this.#owner).execute();
    return ours;
  }

  #end(): RawBuilder<Date> {
    return sql<Date>`utc_timestamp(6) + interval ${this.#leaseMs * 1000} microsecond`;
  }

  /** A slot is free when its owner has not renewed in time: a renewal writes one row, and slots change only when they change hands. */
  async #shareIn(tx: Transaction<OutboxTables>): Promise<Lease[]> {
    const owner = this.#owner;
    // The slots first: relays come one after another, and each sees what those before it did.
    const slots = await tx
      .selectFrom("outbox_slots")
      .select(["slot", "owner", "epoch"])
      .orderBy("slot")
      .forUpdate()
      .execute();
    const { rows: live } = await sql<{ owner: string }>`
      select owner from outbox_relays where expires_at > utc_timestamp(6)`.execute(tx);
    const owners = new Set(live.map((row) => row.owner));
    const share = Math.ceil(SLOTS / new Set([...owners, owner]).size);
    const mine = slots.filter((row) => row.owner === owner && owners.has(owner));
    const kept = mine.slice(0, share);
    const free = slots.filter((row) => !owners.has(row.owner));
    const taken = free.slice(0, Math.max(0, share - kept.length));
    const end = this.#end();
    await tx
      .insertInto("outbox_relays")
      .values({ owner, expires_at: end })
      .onDuplicateKeyUpdate({ expires_at: end })
      .execute();
    // Long after: whoever waits for its slots need not see it go.
    await sql`delete from outbox_relays where expires_at < utc_timestamp(6) - interval 1 hour`.execute(tx);
    await this.#set(tx, mine.slice(share), { owner: "" });
    await this.#set(tx, taken, { owner, epoch: sql`epoch + 1` });
    return [
      ...kept.map(({ slot, epoch }) => ({ slot, epoch })),
      ...taken.map(({ slot, epoch }) => ({ slot, epoch: epoch + 1 })),
    ];
  }

  async #set(
    tx: Transaction<OutboxTables>,
    rows: readonly { readonly slot: number }[],
    values: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    if (rows.length === 0) return;
    await tx
      .updateTable("outbox_slots")
      .set(values)
      .where(
        "slot",
        "in",
        rows.map(({ slot }) => slot),
      )
      .execute();
  }
}
