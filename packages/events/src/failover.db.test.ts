// A database that goes away and comes back while events are on their way: the service retries, and nothing is parked, lost or done twice.
import { randomUUID } from "node:crypto";
import { DatabaseUnavailableError, inTransaction } from "@muster/db";
import { until } from "@muster/runtime";
import { describeWithMariadb, type PrivateMariadb, startPrivateMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { MemoryBroker } from "../test/memory-broker.ts";
import { count, Pipeline } from "../test/pipeline.ts";

const KEYS = ["a", "b", "c", "d"];
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describeWithMariadb("events while their database", () => {
  let server: PrivateMariadb;
  beforeAll(async () => {
    server = await startPrivateMariadb();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const open = async (): Promise<Pipeline> => {
    const pipeline = await new Pipeline(new MemoryBroker()).open((await server.databases())["match-service"]);
    await sql`create table numbers (event_key varchar(8) primary key, n int not null)`.execute(pipeline.db);
    for (const key of KEYS) await sql`insert into numbers values (${key}, 0)`.execute(pipeline.db);
    return pipeline;
  };

  /** Every key's next number; what was committed, the database knows. */
  async function emit(pipeline: Pipeline, key: string): Promise<void> {
    await inTransaction(pipeline.db, async (tx) => {
      const { rows } = await sql<{ n: number }>`select n from numbers where event_key = ${key} for update`.execute(tx);
      const n = rows[0]?.n ?? 0;
      await sql`update numbers set n = ${n + 1} where event_key = ${key}`.execute(tx);
      await sql`insert into outbox (event_id, event_type, partition_key, payload, traceparent, published_at)
        values (${randomUUID()}, 'counted', ${key}, ${JSON.stringify({ n })}, '', null)`.execute(tx);
    }).catch((err: unknown) => {
      if (!(err instanceof DatabaseUnavailableError)) throw err;
    });
  }

  async function survives(pipeline: Pipeline, fault: () => Promise<void>): Promise<void> {
    await pipeline.relay({ leaseMs: 1000 });
    for (let member = 0; member < 2; member++) await pipeline.consumer(count);
    let producing = true;
    const producers = KEYS.map(async (key) => {
      while (producing) {
        await emit(pipeline, key);
        await sleep(3);
      }
    });
    await sleep(500);
    await fault();
    await sleep(500);
    producing = false;
    await Promise.all(producers);
    const { rows } = await sql<{ event_key: string; n: number }>`select event_key, n from numbers`.execute(pipeline.db);
    await pipeline.untilEffects(
      rows.reduce((sum, { n }) => sum + n, 0),
      20_000,
    );
    const effects = await pipeline.effects();
    for (const { event_key, n } of rows) expect(effects.get(event_key), event_key).toEqual(upTo(n));
    const parked = await sql`select 1 from parked_events`.execute(pipeline.db);
    expect(parked.rows).toEqual([]);
    expect(await pipeline.recordsOf(pipeline.topics.dlq)).toEqual([]);
  }

  it("loses all of their connections, again and again", async () => {
    await using pipeline = await open();
    await survives(pipeline, async () => {
      for (let times = 0; times < 5; times++) {
        const { rows } = await sql<{ id: bigint }>`
          select id from information_schema.processlist where db = database() and id <> connection_id()`.execute(
          pipeline.db,
        );
        for (const { id } of rows)
          await sql`kill connection ${sql.lit(Number(id))}`.execute(pipeline.db).catch(() => undefined);
        await sleep(100);
      }
    });
  });

  it("crashes, and is there again a second later", async () => {
    await using pipeline = await open();
    await survives(pipeline, async () => {
      await server.kill();
      await sleep(1000);
      await server.start();
    });
  });

  it("hangs for some seconds, and goes on", async () => {
    await using pipeline = await open();
    await survives(pipeline, async () => {
      await server.signal("SIGSTOP");
      await sleep(6000);
      await server.signal("SIGCONT");
      await until(async () => {
        const answer = await sql`select 1`.execute(pipeline.db).catch(() => undefined);
        return answer ? undefined : "no answer yet";
      });
    });
  });
});
