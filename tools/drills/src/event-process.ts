// One process of the drill of the event kit: a relay, a member of the consumer's group, or a producer. Its parent may tell it at which step it
// is to die or to stop; it then does so itself, since nobody else would hit that instant.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { createDatabase, type Database, inTransaction } from "@muster/db";
import {
  type Broker,
  createBroker,
  createConsumerMetrics,
  createEventConsumer,
  createRelay,
  createRelayMetrics,
  type Producer,
} from "@muster/events";
import { createLogger } from "@muster/log";
import { anyDatabase, anyKafka } from "@muster/resilience/testing";
import { Registry } from "prom-client";
import { type EventWorld, KEYS, RELAY_LEASE_MS, SESSION_MS, type Tables, topicsOf } from "./event-tables.ts";

/** The steps between which a crash means something else each. */
export type Point =
  | "relay has read"
  | "broker has acknowledged"
  | "inbox row is written"
  | "effect is written"
  | "effect is committed"
  | "event is inserted"
  | "event is committed";

/** When it has passed the point so often. */
export interface Fault {
  readonly point: Point;
  readonly times: number;
  readonly signal: "SIGKILL" | "SIGSTOP";
}

/** What a producer is to do. */
export interface Work {
  readonly transactions: number;
}

let fault: { readonly point: Point; readonly signal: Fault["signal"]; left: number } | undefined;

process.on("message", (message: { fault?: Fault | "none"; work?: Work }) => {
  if (message.fault === "none") fault = undefined;
  else if (message.fault) fault = { ...message.fault, left: message.fault.times };
  if (message.work)
    produce(message.work).then(
      () => process.send?.("worked"),
      (err: unknown) => log.error({ err }, "the producer failed"),
    );
});
process.on("disconnect", () => process.exit(0)); // its parent has gone

function passed(point: Point): void {
  if (fault?.point !== point || --fault.left > 0) return;
  const { signal } = fault;
  fault = undefined;
  process.kill(process.pid, signal);
}

const role = process.argv[2];
const world = JSON.parse(process.env["EVENT_WORLD"] ?? "{}") as EventWorld;
const topics = topicsOf(world.prefix);
const log = createLogger(`${role}`, "warn");
const { db } = createDatabase<Tables>({
  url: world.databaseUrl,
  dependency: anyDatabase(8, { waitMs: 5000, statementMs: 5000 }),
});
if (role === "relay") await relay();
if (role === "consumer") await consumer();
process.send?.("ready");

async function broker(): Promise<Broker> {
  return createBroker(
    { client: "kafkajs", brokers: world.brokers, clientId: `drill-${role}`, dependency: anyKafka(), tls: false },
    log,
  );
}

async function relay(): Promise<void> {
  const inner = (await broker()).producer();
  const producer: Producer = {
    name: inner.name,
    async send(records) {
      await inner.send(records);
      passed("broker has acknowledged");
    },
  };
  const component = createRelay({
    db,
    producer,
    encode({ event_id, event_type, partition_key, payload }) {
      passed("relay has read");
      const headers = { id: event_id, type: event_type };
      return { topic: `${world.prefix}events`, key: partition_key, value: Buffer.from(payload), headers };
    },
    owner: randomUUID(),
    leaseMs: RELAY_LEASE_MS,
    metrics: createRelayMetrics(new Registry(), db),
    log,
  });
  await component.start?.();
}

async function consumer(): Promise<void> {
  const inner = await broker();
  const watched: Broker = {
    ...inner,
    consumer: (options) =>
      inner.consumer({
        ...options,
        sessionMs: SESSION_MS,
        handle: (batch) =>
          options.handle({
            ...batch,
            // Called after the commit of each event's effect, and before that of its offset.
            async heartbeat() {
              passed("effect is committed");
              await batch.heartbeat();
            },
          }),
      }),
  };
  const component = createEventConsumer<Tables, { id: string; type: string; key: string; n: number }>({
    db,
    broker: watched,
    producer: inner.producer(),
    name: `${world.prefix}counter`,
    topics,
    order: "per key",
    decode: ({ key = "", value, headers }) => ({
      id: headers["id"] ?? "",
      type: headers["type"] ?? "",
      key,
      n: (JSON.parse(value.toString()) as { n: number }).n,
    }),
    wants: () => true,
    async apply(event, tx) {
      passed("inbox row is written");
      await tx.insertInto("effects").values({ event_key: event.key, n: event.n, event_id: event.id }).execute();
      passed("effect is written");
    },
    metrics: createConsumerMetrics(new Registry()),
    log,
  });
  await component.start?.();
}

/** Several transactions at a time, of one to three keys each; one in eight is rolled back, some take long. */
async function produce({ transactions }: Work): Promise<void> {
  let left = transactions;
  const one = async (): Promise<void> => {
    while (left-- > 0) {
      await emit(db).catch((err: unknown) => log.warn({ err }, "a transaction failed"));
      passed("event is committed");
      await sleep(Math.random() * 20);
    }
  };
  await Promise.all([one(), one(), one(), one()]);
}

const ABORTED = new Error("rolled back on purpose");

async function emit(database: Database<Tables>): Promise<void> {
  const wanted = new Set(
    Array.from({ length: 1 + Math.floor(Math.random() * 3) }, () => Math.floor(Math.random() * KEYS)),
  );
  const keys = [...wanted].toSorted((a, b) => a - b).map((key) => `key-${key}`);
  const abort = Math.random() < 1 / 8;
  const work = inTransaction(
    database,
    async (tx) => {
      for (const key of keys) {
        // The key's own row first: whoever else writes events of this key waits here.
        const row = await tx
          .selectFrom("numbers")
          .select("n")
          .where("event_key", "=", key)
          .forUpdate()
          .executeTakeFirstOrThrow();
        const n = row.n + 1;
        await tx.updateTable("numbers").set({ n }).where("event_key", "=", key).execute();
        await tx
          .insertInto("outbox")
          .values({
            event_id: randomUUID(),
            event_type: "counted",
            partition_key: key,
            payload: JSON.stringify({ n }),
            traceparent: "",
            published_at: null,
          })
          .execute();
        passed("event is inserted");
        await sleep(Math.random() < 1 / 10 ? 100 : 0);
      }
      if (abort) throw ABORTED;
    },
    { repeatable: "write events" },
  );
  await work.catch((err: unknown) => {
    if (err !== ABORTED) throw err;
  });
}
