import { createDatabase, type DbPart, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { describeWithMariadb, freshDatabases } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { Leases } from "./leases.ts";
import {
  addSlotToOutbox,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
  type OutboxTables,
  SLOTS,
} from "./table.ts";

const LEASE_MS = 60_000;

describeWithMariadb("the leases of an outbox's slots", () => {
  let part: DbPart<OutboxTables>;
  let clockMs = 0;
  beforeAll(async () => {
    const url = (await freshDatabases())["match-service"];
    part = createDatabase({ url, dependency: anyDatabase(8, { waitMs: 5000, statementMs: 5000 }) });
    await migrate(part.db, { a: createOutbox, b: addSlotToOutbox, c: createOutboxSlots, d: createOutboxRelays });
  });
  afterAll(() => part.stop());
  beforeEach(async () => {
    await sql`delete from outbox_relays`.execute(part.db);
    await sql`update outbox_slots set owner = '', epoch = 0`.execute(part.db);
  });

  const relay = (owner: string, leaseMs = LEASE_MS): Leases<OutboxTables> =>
    new Leases({ db: part.db, owner, leaseMs, clock: () => clockMs });
  const slotsOf = (leases: Leases<OutboxTables>): number[] => leases.valid.map(({ slot }) => slot);
  /** As if so much of everybody's leases had passed, for the server. */
  const pass = async (ms: number): Promise<void> => {
    await sql`update outbox_relays set expires_at = expires_at - interval ${ms * 1000} microsecond`.execute(part.db);
  };

  it("are all of one relay that is alone, and stay in their epoch while it renews them", async () => {
    const a = relay("a");
    expect(a.due).toBe(true);
    expect(await a.renew()).toBe(true);
    expect(slotsOf(a)).toHaveLength(SLOTS);
    expect(a.epochMax).toBe(1);
    expect(await a.renew()).toBe(false);
    expect(a.epochMax).toBe(1);
    clockMs += LEASE_MS / 3;
    expect(a.due).toBe(true);
  });

  it("are shared evenly, each slot with one relay, once all have renewed twice", async () => {
    const relays = ["a", "b", "c"].map((owner) => relay(owner));
    for (let round = 0; round < 3; round++) for (const one of relays) await one.renew();
    const all = relays.flatMap(slotsOf);
    expect(all.toSorted((x, y) => x - y)).toEqual(Array.from({ length: SLOTS }, (_, slot) => slot));
    for (const one of relays) expect(slotsOf(one).length).toBeGreaterThanOrEqual(SLOTS / 3 - 2);
  });

  it("go to nobody else before they expire, and then in a new epoch", async () => {
    const [a, b] = [relay("a"), relay("b")];
    await a.renew();
    await b.renew();
    expect(slotsOf(b)).toEqual([]);
    await pass(LEASE_MS - 1000);
    await b.renew();
    expect(slotsOf(b)).toEqual([]);
    await pass(2000);
    await b.renew();
    expect(slotsOf(b)).toHaveLength(SLOTS);
    expect(b.epochMax).toBe(2);
    await a.renew();
    expect(slotsOf(a)).toEqual([]);
  });

  it("are not valid any more, for their own holder, once it was late to renew them", async () => {
    const a = relay("a");
    await a.renew();
    clockMs += LEASE_MS;
    expect(a.valid).toEqual([]);
  });

  it("stay with their holder while a batch takes longer than a lease; not for ever, and not once it is to stop", async () => {
    const [a, b] = [relay("a", 1500), relay("b", 1500)];
    const never = new AbortController().signal;
    await a.renew();
    const slow = a.during(new Promise((resolve) => setTimeout(resolve, 3000)), never, () => undefined);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    clockMs += 600;
    await b.renew();
    expect(slotsOf(b)).toEqual([]);
    await slow;
    for (const isToStop of [true, false]) {
      await a.renew();
      const hangs = a.during(new Promise(() => undefined), isToStop ? AbortSignal.abort() : never, () => undefined);
      hangs.catch(() => undefined);
      if (!isToStop) clockMs += 6 * 1500 + 1;
      await pass(1500);
      await b.renew();
      expect(slotsOf(b)).toHaveLength(SLOTS);
      await b.release();
    }
  });

  it("are free at once when their holder releases them", async () => {
    const [a, b] = [relay("a"), relay("b")];
    await a.renew();
    await a.release();
    expect(a.valid).toEqual([]);
    await b.renew();
    expect(slotsOf(b)).toHaveLength(SLOTS);
  });

  it("are with one relay each whatever many relays do at once", async () => {
    const relays = Array.from({ length: 6 }, (_, i) => relay(`r${i}`));
    for (let round = 0; round < 4; round++) {
      await Promise.all(relays.map((one) => one.renew()));
      if (round === 2) await relays[0]?.release();
    }
    const all = relays.flatMap(slotsOf);
    expect(all).toHaveLength(new Set(all).size);
    expect(all.length).toBeGreaterThan(SLOTS / 2);
  });
});
