// Relay and inbox against a model: commits, aborts, late commits, crashes, rebalances, duplicates, outages and lost connections,
// in any order. The database is real; the broker does what the plan says.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseUnavailableError, inTransaction } from "@muster/db";
import { type Component, until } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import fc from "fast-check";
import { type Insertable, sql, type Transaction } from "kysely";
import { expect, it } from "vitest";
import type { Producer } from "../src/broker/port.ts";
import { MemoryBroker, type SendFault } from "../test/memory-broker.ts";
import { count, Pipeline, type Tables } from "../test/pipeline.ts";

const RUNS = Number(process.env["MUSTER_PROPERTY_RUNS"] ?? 4);
const KEYS = 6;
/** A relay begins from the start again whenever its leases are due, a third of it: long enough for some batches to follow each other. */
const LEASE_MS = 1500;
/** Long enough for transactions to be committed meanwhile. */
const SEND_MS = 15;
/** For a relay to begin a send, and to read ahead meanwhile. */
const LATE_WITHIN_MS = 300;
const READS_WITHIN_MS = 15;
const SETTLES_WITHIN_MS = 20_000;

type Step =
  | { readonly kind: "commit" | "abort" | "open"; readonly key: number }
  /** More than a batch: then the relay reads ahead. */
  | { readonly kind: "burst"; readonly events: number }
  /** Of a key of its own, one after another, beside the next steps: the relay is never without work. */
  | { readonly kind: "stream"; readonly events: number }
  | { readonly kind: "close"; readonly commit: boolean }
  /** An open transaction ends while a batch is on its way, and some more are read or to be read. */
  | { readonly kind: "late"; readonly key: number; readonly events: number; readonly commit: boolean }
  /** The relay is never heard of again, once it is there. */
  | { readonly kind: "crash"; readonly at: "before send" | "before mark" }
  | { readonly kind: "send"; readonly fault: SendFault }
  | { readonly kind: "rebalance" | "broker down" | "broker up" | "connections lost" | "wait" }
  | { readonly kind: "rewind"; readonly records: number };

const key = fc.nat({ max: KEYS - 1 });
const late: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("late" as const),
  key,
  events: fc.integer({ min: 400, max: 800 }),
  commit: fc.constantFrom(true, true, true, false),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constantFrom("commit" as const, "abort", "open"), key }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("burst" as const), events: fc.integer({ min: 20, max: 400 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("stream" as const), events: fc.integer({ min: 10, max: 60 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("close" as const), commit: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: late,
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      at: fc.constantFrom("before send" as const, "before mark"),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      fault: fc.constantFrom("lost" as const, "unknown", "twice"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom("rebalance" as const, "broker down", "broker up", "connections lost", "wait"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("rewind" as const), records: fc.nat({ max: 60 }) }) },
);

/** Some before anything goes wrong: a relay that waits, or begins again, reads no batch ahead. */
const plan = fc
  .tuple(fc.array(late, { minLength: 2, maxLength: 3 }), fc.array(step, { minLength: 15, maxLength: 40 }))
  .map((parts) => parts.flat());

describeWithMariadb("relay and inbox", () => {
  it(
    "give every committed event its effect once and in the order of its key, and no other any",
    { timeout: 1_800_000 },
    () =>
      fc.assert(
        fc.asyncProperty(plan, async (steps) => {
          await using world = await new World().open();
          for (const one of steps) await world.take(one);
          await world.settle();
        }),
        { numRuns: RUNS, endOnFailure: true },
      ),
  );
});

/** Of one plan: a database and a broker of its own, a relay that is replaced when it crashes, and two members of one group. */
class World implements AsyncDisposable {
  readonly #broker = new MemoryBroker();
  readonly #pipeline = new Pipeline(this.#broker);
  readonly #open = new Map<string, (commit: boolean) => Promise<void>>();
  #crashAt: "before send" | "before mark" | undefined;
  #relays: Promise<unknown> = Promise.resolve();
  #streams: Promise<unknown> = Promise.resolve();

  async open(): Promise<this> {
    await this.#pipeline.open();
    await sql`create table numbers (event_key varchar(8) primary key, n int not null)`.execute(this.#pipeline.db);
    for (let i = 0; i < KEYS; i++) await sql`insert into numbers values (${`key-${i}`}, 0)`.execute(this.#pipeline.db);
    await sql`insert into numbers values ('stream', 0)`.execute(this.#pipeline.db);
    this.#broker.sendMs = SEND_MS;
    await this.#startRelay();
    for (let member = 0; member < 2; member++)
      await this.#pipeline.consumer(async (event, tx) => {
        await count(event, tx);
        if (event.n % 16 === 0) await sleep(5);
      });
    return this;
  }

  async take(one: Step): Promise<void> {
    const { group } = this.#pipeline;
    switch (one.kind) {
      case "commit":
        return this.#emit([`key-${one.key}`], 1);
      case "abort":
        return this.#emit([`key-${one.key}`], 1, Promise.resolve(false));
      case "burst":
        return this.#emit(
          Array.from({ length: KEYS }, (_, i) => `key-${i}`),
          Math.ceil(one.events / KEYS),
        );
      case "stream":
        this.#streams = Promise.all([this.#streams, this.#stream(one.events)]);
        return;
      case "open":
        return this.#begin(`key-${one.key}`);
      case "close":
        return [...this.#open.values()].at(0)?.(one.commit);
      case "late":
        return this.#late(one);
      case "crash":
        this.#crashAt = one.at;
        return;
      case "send":
        this.#broker.faults.push(one.fault);
        return;
      case "rebalance":
        return this.#broker.group(group).rebalance();
      case "rewind":
        return this.#broker.group(group).rewind(one.records);
      case "broker down":
      case "broker up":
        this.#broker.up = one.kind === "broker up";
        return;
      case "connections lost":
        return this.#loseConnections();
      case "wait":
        await sleep(40);
    }
  }

  /** Nothing is wrong any more: then all that was committed has its effect. */
  async settle(): Promise<void> {
    this.#broker.up = true;
    this.#broker.faults.length = 0;
    for (const close of this.#open.values()) await close(true);
    await this.#streams;
    const { rows } = await sql<{ event_key: string; n: number }>`select * from numbers`.execute(this.#pipeline.db);
    const wanted = new Map(rows.filter(({ n }) => n > 0).map(({ event_key, n }) => [event_key, upTo(n)]));
    await this.#pipeline.untilEffects([...wanted.values()].flat().length, SETTLES_WITHIN_MS);
    await until(async () => {
      const { rows: left } = await sql`select 1 from outbox where published_at is null`.execute(this.#pipeline.db);
      return left.length === 0 ? undefined : `${left.length} are not published`;
    }, SETTLES_WITHIN_MS);
    await sleep(50); // for an effect that nobody wants
    expect(new Map([...(await this.#pipeline.effects())].toSorted(byKey))).toEqual(
      new Map([...wanted].toSorted(byKey)),
    );
    const parked = await sql`select 1 from parked_events`.execute(this.#pipeline.db);
    expect(parked.rows).toEqual([]);
    const firsts = Map.groupBy(this.#broker.topic(this.#pipeline.topic).flat(), (record) => record.key ?? "");
    for (const [name, records] of firsts) {
      const numbers = records.map(({ value }) => (JSON.parse(value.toString()) as { n: number }).n);
      expect([...new Set(numbers)], `the topic's records of ${name}`).toEqual(wanted.get(name));
    }
  }

  async #startRelay(): Promise<void> {
    const inner = this.#broker.producer();
    let crashed = false;
    const crashesAt = (at: "before send" | "before mark"): Promise<void> | undefined => {
      if (crashed) return new Promise(() => undefined);
      if (this.#crashAt !== at) return undefined;
      this.#crashAt = undefined;
      crashed = true;
      this.#pipeline.abandon(relay);
      this.#relays = this.#relays.then(() => this.#startRelay());
      return new Promise(() => undefined);
    };
    const producer: Producer = {
      name: "producer of a relay that may crash",
      async send(records) {
        await crashesAt("before send");
        await inner.send(records);
        await crashesAt("before mark");
      },
    };
    const relay: Component = await this.#pipeline.relay({ leaseMs: LEASE_MS, producer });
  }

  /** Commits the next numbers of keys that no open transaction has locked. */
  async #emit(keys: readonly string[], each: number, mayCommit = Promise.resolve(true)): Promise<void> {
    const free = keys.filter((name) => !this.#open.has(name));
    if (free.length > 0) await this.#write(free, each, mayCommit);
  }

  async #stream(events: number): Promise<void> {
    for (let i = 0; i < events; i++) await this.#write(["stream"], 1, Promise.resolve(true));
  }

  async #begin(name: string): Promise<void> {
    if (this.#open.has(name) || this.#open.size >= OPEN_MAX) return;
    const decision = Promise.withResolvers<boolean>();
    const wrote = Promise.withResolvers<void>();
    const ended = this.#write([name], 1, decision.promise, wrote.resolve);
    this.#open.set(name, async (commit) => {
      decision.resolve(commit);
      await ended;
      this.#open.delete(name);
      // At once the key's next one: were it published first, the order would be lost.
      if (commit) await this.#write([name], 1, Promise.resolve(true));
    });
    await Promise.race([wrote.promise, ended]);
  }

  /**
   * Below the events of a burst, of which the relay sends a batch and reads the next one meanwhile. With the key's next event behind all of
   * them, a relay that read on from there would publish that one first.
   */
  async #late({ key: index, events, commit }: Extract<Step, { kind: "late" }>): Promise<void> {
    const name = `key-${index}`;
    await this.#begin(name);
    const gate = Promise.withResolvers<void>();
    this.#broker.gate = gate.promise;
    await this.take({ kind: "burst", events });
    const isSending = async (): Promise<string | undefined> => (this.#broker.waiting > 0 ? undefined : "no send");
    await until(isSending, LATE_WITHIN_MS).catch(() => undefined); // no relay, perhaps
    await sleep(READS_WITHIN_MS);
    await this.#open.get(name)?.(commit);
    gate.resolve();
  }

  /** A producer as they should be: the keys' own rows are locked first. What it may have committed, the numbers say. */
  async #write(
    names: readonly string[],
    each: number,
    mayCommit: Promise<boolean>,
    onWritten?: () => void,
  ): Promise<void> {
    const aborted = new Error("the producer aborts");
    const work = async (tx: Transaction<Tables>): Promise<void> => {
      for (const name of names) {
        const { rows } = await sql<{ n: number }>`select n from numbers where event_key = ${name} for update`.execute(
          tx,
        );
        const n = rows[0]?.n ?? 0;
        await tx
          .insertInto("outbox")
          .values(upTo(each).map((i) => outboxRow(name, n + i)))
          .execute();
        await sql`update numbers set n = ${n + each} where event_key = ${name}`.execute(tx);
      }
      onWritten?.();
      if (!(await mayCommit)) throw aborted;
    };
    await inTransaction(this.#pipeline.db, work).catch((err: unknown) => {
      if (err !== aborted && !(err instanceof DatabaseUnavailableError)) throw err;
    });
  }

  async #loseConnections(): Promise<void> {
    const { db } = this.#pipeline;
    const { rows } = await sql<{ id: bigint }>`
      select id from information_schema.processlist where db = database() and id <> connection_id()`.execute(db);
    for (const { id } of rows) await sql`kill connection ${sql.lit(Number(id))}`.execute(db).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#crashAt = undefined;
    for (const close of this.#open.values()) await close(false);
    await this.#streams;
    await this.#relays;
    await this.#pipeline[Symbol.asyncDispose]();
  }
}

const OPEN_MAX = 3;
const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
const byKey = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number => (a < b ? -1 : 1);

function outboxRow(name: string, n: number): Insertable<Tables["outbox"]> {
  return {
    event_id: randomUUID(),
    event_type: "counted",
    partition_key: name,
    payload: JSON.stringify({ n }),
    traceparent: "",
    published_at: null,
  };
}
