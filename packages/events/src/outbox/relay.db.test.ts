// What a relay does with the rows of an outbox, beside a broker that does what the test says.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { randomUUID } from "node:crypto";
import { inTransaction } from "@muster/db";
import { until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import { sql, type Transaction } from "kysely";
import { expect, it } from "vitest";
import { MemoryBroker } from "../../test/memory-broker.ts";
import { Pipeline, type Tables } from "../../test/pipeline.ts";

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Numbers of a key's records in the order in which they were first there. */
function firstOf(pipeline: Pipeline, broker: MemoryBroker, key: string): number[] {
  const records = broker.topic(pipeline.topic).flat();
  const numbers = records
    .filter((record) => record.key === key)
    .map(({ value }) => (JSON.parse(value.toString()) as { n: number }).n);
  return [...new Set(numbers)];
}

const publishedAll = async (pipeline: Pipeline): Promise<string | undefined> => {
  const { rows } = await sql`select 1 from outbox where published_at is null limit 1`.execute(pipeline.db);
  return rows.length === 0 ? undefined : "not all is published";
};

/** On a machine that is busy, 14 MB were seen; with batches of any size, 78 MB. */
const MEMORY_MAX = 20 * 1024 * 1024;

/** Bytes, without what is only not collected yet. */
function memoryInUse(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

describeWithMariadb("a relay", () => {
  it("publishes what was committed late before what its key has behind it, also under a load that never lets up", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const [mayCommit, isOpen] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const late = inTransaction(pipeline.db, async (tx) => {
      await insert(tx, "late", 0);
      isOpen.resolve();
      await mayCommit.promise;
    });
    await isOpen.promise;
    await pipeline.emit(upTo(4000).map((n) => ({ key: "others", n })));
    const gate = Promise.withResolvers<void>();
    broker.gate = gate.promise;
    await pipeline.relay();
    await until(() =>
      pipeline.logs.withMessage("the outbox relay's slots changed").length > 0 ? undefined : "no lease",
    );
    await new Promise((resolve) => setTimeout(resolve, 300)); // the first batch is on its way, and the second one is read
    mayCommit.resolve();
    await late;
    await pipeline.emit([{ key: "late", n: 1 }]);
    gate.resolve();
    await until(() => publishedAll(pipeline));
    expect(firstOf(pipeline, broker, "late")).toEqual([0, 1]);
    expect(firstOf(pipeline, broker, "others")).toEqual(upTo(4000));
  });

  it("leaves no timer behind at its stop, which would keep its process alive", async () => {
    await using pipeline = await new Pipeline(new MemoryBroker()).open();
    const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();
    const relay = await pipeline.relay();
    await until(() =>
      pipeline.logs.withMessage("the outbox relay's slots changed").length > 0 ? undefined : "no lease",
    );
    await relay.stop?.();
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it("gets any number of large events of one key past a broker's limit for a batch", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    await inTransaction(pipeline.db, async (tx) => {
      for (const n of upTo(30)) await insert(tx, "a", n, 100_000);
      for (const n of upTo(30)) await insert(tx, "a", 30 + n, 250_000);
      await insert(tx, "a", 60);
    });
    await pipeline.relay();
    await until(() => publishedAll(pipeline));
    expect(firstOf(pipeline, broker, "a")).toEqual(upTo(61));
  });

  it("gets on with a broker that needs longer for each batch than a lease lasts", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const slow = {
      ...pipeline.producer,
      async send(...args: Parameters<typeof pipeline.producer.send>) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        await pipeline.producer.send(...args);
      },
    };
    await pipeline.emit(upTo(5).map((n) => ({ key: "a", n })));
    await pipeline.relay({ leaseMs: 200, producer: slow });
    await until(() => publishedAll(pipeline), 5000);
    expect(broker.topic(pipeline.topic).flat()).toHaveLength(5);
  });

  it("beside another one gets on with a broker that needs longer for each batch than a lease lasts: neither takes the other's slots", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    broker.sendMs = 2500;
    const owners = ["one", "two"];
    for (const owner of owners) await pipeline.relay({ owner, leaseMs: 1000 });
    await until(async () => ((await holders(pipeline)).length === 2 ? undefined : "not shared"));
    await pipeline.emit(upTo(5).map((n) => ({ key: "a", n }))); // all of one slot: its relay sends, and the other one looks for free slots
    await until(() => publishedAll(pipeline), 15_000);
    expect(firstOf(pipeline, broker, "a")).toEqual(upTo(5));
    // Once; on a machine that stands still for a while, a lease may run out all the same.
    expect(broker.topic(pipeline.topic).flat().length).toBeLessThanOrEqual(2 * 5);
  });

  it("that was paused for longer than its lease marks nothing any more, and what it still sends changes no key's order", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    const goesOn = Promise.withResolvers<void>();
    const sent = Promise.withResolvers<void>();
    const paused = {
      ...pipeline.producer,
      async send(...args: Parameters<typeof pipeline.producer.send>) {
        await goesOn.promise;
        await pipeline.producer.send(...args);
        sent.resolve();
      },
    };
    await pipeline.emit(upTo(5).map((n) => ({ key: "a", n })));
    await pipeline.relay({ owner: "paused", leaseMs: 60_000, producer: paused });
    await until(async () => ((await holders(pipeline)).includes("paused") ? undefined : "no lease"));
    await sql`delete from outbox_relays`.execute(pipeline.db); // as if it had not renewed its lease for long: its timers do not run either
    await pipeline.relay({ owner: "other", leaseMs: 2000 });
    await until(() => publishedAll(pipeline));
    await pipeline.emit(upTo(3).map((n) => ({ key: "a", n: 5 + n })));
    await until(() => publishedAll(pipeline));
    const marks = sql<{ published_at: Date }>`select published_at from outbox order by position`;
    const before = (await marks.execute(pipeline.db)).rows;
    expect(await holders(pipeline)).toEqual(["other"]);
    goesOn.resolve();
    await sent.promise;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await marks.execute(pipeline.db)).rows).toEqual(before);
    expect(broker.topic(pipeline.topic).flat()).toHaveLength(8 + 5);
    expect(firstOf(pipeline, broker, "a")).toEqual(upTo(8));
  });

  it("takes no more memory while the broker hangs and then is away, however much the outbox grows, and then drains it in order", async () => {
    const broker = new MemoryBroker();
    broker.sendMs = 2500;
    await using pipeline = await new Pipeline(broker).open();
    await pipeline.relay();
    const [rows, bytes] = [8000, 4000];
    const grow = async (): Promise<void> => {
      await sql`insert into outbox (event_id, event_type, partition_key, payload, traceparent, published_at)
        select uuid(), 'counted', concat('key-', seq % 10), json_object('n', seq div 10, 'text', repeat('x', ${bytes})), '', null
          from ${sql.raw(`seq_0_to_${rows - 1}`)}`.execute(pipeline.db);
    };
    await new Promise((resolve) => setTimeout(resolve, 500));
    const before = memoryInUse();
    await grow();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // The outbox has 32 MB: one batch of them is on its way, and the next one has been read, of up to a thousand rows each.
    expect(memoryInUse() - before).toBeLessThan(MEMORY_MAX);
    [broker.up, broker.sendMs] = [false, 0];
    await new Promise((resolve) => setTimeout(resolve, 2000));
    expect(memoryInUse() - before).toBeLessThan(MEMORY_MAX);
    broker.up = true;
    await until(() => publishedAll(pipeline), 30_000);
    for (let key = 0; key < 10; key++) expect(firstOf(pipeline, broker, `key-${key}`)).toEqual(upTo(rows / 10));
  });

  it("never makes the insert of a producer wait", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    for (let i = 0; i < 2; i++) await pipeline.relay();
    let failed = 0;
    const waits: number[] = [];
    const end = performance.now() + 2500;
    const produce = async (key: string): Promise<void> => {
      for (let n = 0; performance.now() < end; n++) {
        const startedAt = performance.now();
        await inTransaction(pipeline.db, async (tx) => {
          await insert(tx, key, n);
        }).catch(() => failed++);
        waits.push(performance.now() - startedAt);
      }
    };
    // One that stays open, with rows of its own, as a slow transaction does. Whoever waited for it would fail: it is open for longer than a statement may
    // take (2 s).
    const slow = Promise.withResolvers<void>();
    const open = inTransaction(pipeline.db, async (tx) => {
      await insert(tx, "slow", 0);
      await slow.promise;
    });
    await Promise.all(["a", "b", "c", "d"].map(produce));
    slow.resolve();
    await open;
    await until(() => publishedAll(pipeline));
    expect(failed).toBe(0);
    expect(waits.length).toBeGreaterThan(20);
    expect(Math.max(...waits)).toBeLessThan(1000); // nor for anything else that the relays lock
  });
});

async function holders(pipeline: Pipeline): Promise<string[]> {
  const { rows } = await sql<{ owner: string }>`select distinct owner from outbox_slots where owner <> ''`.execute(
    pipeline.db,
  );
  return rows.map(({ owner }) => owner);
}

async function insert(tx: Transaction<Tables>, key: string, n: number, bytes = 0): Promise<void> {
  const payload = JSON.stringify({ n, text: "x".repeat(bytes) });
  await sql`insert into outbox (event_id, event_type, partition_key, payload, traceparent, published_at)
    values (${randomUUID()}, 'counted', ${key}, ${payload}, '', null)`.execute(tx);
}
