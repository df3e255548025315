// Which slots of an outbox this relay publishes. Leases are rows with an epoch: taken when nobody has them or their holder has gone, renewed
// while the relay lives, shared evenly among the relays that live. Times are the database server's: instances' clocks are never compared.
import { type Database, inTransaction } from "@muster/db";
import { type Transaction, sql } from "kysely";
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
    const held = await inTransaction(this.#db, (tx) => this.#shareIn(tx), "read committed");
    this.#held = new Map(held.map((lease) => [lease.slot, lease]));
    this.#renewedAt = this.#clock();
    this.#validUntil = askedAt + this.#leaseMs;
    return before.size !== held.length || held.some(({ slot, epoch }) => before.get(slot)?.epoch !== epoch);
  }

  /** Others need not wait until the leases expire. */
  async release(): Promise<void> {
    this.#held = new Map();
    this.#validUntil = -Infinity;
    await this.#db
      .updateTable("outbox_slots")
      .set({ expires_at: sql`utc_timestamp(6)` })
      .where("owner", "=", this.#owner)
      .execute();
    await this.#db.deleteFrom("outbox_relays").where("owner", "=", this.#owner).execute();
  }

  async #shareIn(tx: Transaction<OutboxTables>): Promise<Lease[]> {
    const owner = this.#owner;
    const end = sql<Date>`utc_timestamp(6) + interval ${this.#leaseMs * 1000} microsecond`;
    // The slots first: relays come one after another, and each sees what those before it did.
    const { rows: slots } = await sql<{ slot: number; owner: string; epoch: number; free: number }>`
      select slot, owner, epoch, expires_at <= utc_timestamp(6) as free from outbox_slots order by slot for update`.execute(
      tx,
    );
    await tx
      .insertInto("outbox_relays")
      .values({ owner, expires_at: end })
      .onDuplicateKeyUpdate({ expires_at: end })
      .execute();
    await sql`delete from outbox_relays where expires_at <= utc_timestamp(6)`.execute(tx);
    const { relays } = await tx
      .selectFrom("outbox_relays")
      .select(({ fn }) => fn.countAll<number>().as("relays"))
      .executeTakeFirstOrThrow();
    const share = Math.ceil(SLOTS / Math.max(1, Number(relays)));
    const mine = slots.filter((row) => row.owner === owner && !row.free);
    const kept = mine.slice(0, share);
    const given = mine.slice(share);
    const taken = slots.filter((row) => row.free).slice(0, share - kept.length);
    await this.#set(tx, kept, { expires_at: end });
    await this.#set(tx, given, { expires_at: sql`utc_timestamp(6)` });
    await this.#set(tx, taken, { expires_at: end, owner, epoch: sql`epoch + 1` });
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
