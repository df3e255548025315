// What a relay does with the rows of an outbox, beside a broker that does what the test says.
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

  it("never makes the insert of a producer wait", async () => {
    const broker = new MemoryBroker();
    await using pipeline = await new Pipeline(broker).open();
    for (let i = 0; i < 2; i++) await pipeline.relay();
    let failed = 0;
    const waits: number[] = [];
    const end = performance.now() + 2000;
    const produce = async (key: string): Promise<void> => {
      for (let n = 0; performance.now() < end; n++) {
        const startedAt = performance.now();
        await inTransaction(pipeline.db, async (tx) => {
          await insert(tx, key, n);
        }).catch(() => failed++);
        waits.push(performance.now() - startedAt);
      }
    };
    // One that stays open, with rows of its own, as a slow transaction does.
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
    expect(waits.length).toBeGreaterThan(100);
    expect(Math.max(...waits)).toBeLessThan(1000); // none waits for the one that stays open for two seconds
  });
});

async function insert(tx: Transaction<Tables>, key: string, n: number, bytes = 0): Promise<void> {
  const payload = JSON.stringify({ n, text: "x".repeat(bytes) });
  await sql`insert into outbox (event_id, event_type, partition_key, payload, traceparent, published_at)
    values (${randomUUID()}, 'counted', ${key}, ${payload}, '', null)`.execute(tx);
}
