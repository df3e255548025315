// The event kit beside what it is built on, in one run on a private Kafka and MariaDB: how many events per second the relay gets from an outbox
// to Kafka, and how many a bare KafkaJS producer sends of the same records; then how long an event takes from its commit to its handler. The
// ratio is what to look at; the figures are those of one machine, which the broker and the database share.
//
//   node src/events.ts [--events 20000] [--bytes 400] [--rounds 3] [--per-s 500] [--seconds 10] [--json]
import { randomBytes, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createDatabase, migrate, statement } from "@muster/db";
import {
  addRecordToOutbox,
  addSlotToOutbox,
  type ConsumerTables,
  createBroker,
  createConsumerMetrics,
  createEventConsumer,
  createInbox,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
  createParkedEvents,
  createRelay,
  createRelayMetrics,
  type OutboxRow,
  type OutboxTables,
  type OutgoingRecord,
  rowEncoder,
} from "@muster/events";
import { freePort, provision, startMariadb } from "@muster/local";
import { createLogger } from "@muster/log";
import { anyDatabase, anyKafka } from "@muster/resilience/testing";
import { sleep, until } from "@muster/runtime";
import { startPrivateKafka } from "@muster/testkit/kafka";
import { percentile } from "@muster/testkit/numbers";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { sql } from "kysely";
import { Registry } from "prom-client";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    events: { type: "string", default: "20000" },
    bytes: { type: "string", default: "400" },
    rounds: { type: "string", default: "3" },
    "per-s": { type: "string", default: "500" },
    seconds: { type: "string", default: "10" },
    json: { type: "boolean", default: false },
  },
});

function count(name: "events" | "bytes" | "rounds" | "per-s" | "seconds", max: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1 || value > max)
    refuseOptions(`--${name} is a whole number from 1 to ${max}`);
  return value;
}

const EVENTS = count("events", 200_000);
const BYTES = count("bytes", 10_000);
const ROUNDS = count("rounds", 9);
const PER_S = count("per-s", 5000);
const SECONDS = count("seconds", 120);
const PARTITIONS = 12;
const KEYS = 1000;
/** Of the bare producer: as many as the relay has in a batch at most. */
const BATCH = 1000;
const WITHIN_MS = 120_000;
const STEP_MS = 10;

const encode = rowEncoder({ source: "muster/bench", region: undefined });

interface Tables extends OutboxTables, ConsumerTables {}

const folder = mkdtempSync(path.join(os.tmpdir(), "muster-bench-"));
await using kafka = await startPrivateKafka();
const mariadb = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: true });
const urls = await provision({
  adminUrl: mariadb.adminUrl,
  suffix: `bench_${randomBytes(4).toString("hex")}`,
  passwordOf: (user) => `bench-${user}`,
});
const part = createDatabase<Tables>({
  url: urls["match-service"],
  dependency: anyDatabase(16, { waitMs: 5000, statementMs: 20_000 }),
});
const { db } = part;
const log = createLogger("bench", "error");
const broker = await createBroker(
  { client: "kafkajs", brokers: kafka.brokers, clientId: "bench", dependency: anyKafka(), tls: false },
  log,
);
const [admin, producer] = [broker.admin(), broker.producer()];
await admin.start?.();
await migrate(db, {
  "1": createOutbox,
  "2": addSlotToOutbox,
  "3": createOutboxSlots,
  "4": createOutboxRelays,
  "4-record": addRecordToOutbox,
  "5": createInbox,
  "6": createParkedEvents,
  "7": statement(sql`create table handled (event_id uuid primary key) engine = InnoDB`),
});

try {
  const rounds: { relayPerS: number; barePerS: number }[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const [relayPerS, barePerS] = [await relayed(`relayed-${i}`), await bare(`bare-${i}`)];
    rounds.push({ relayPerS, barePerS });
  }
  const latencies = await latenciesAt("latency");
  const figure = (n: number | undefined, digits = 1): number => Number((n ?? Number.NaN).toFixed(digits));
  const report = {
    relayPerS: figure(median(rounds.map(({ relayPerS }) => relayPerS)), 0),
    barePerS: figure(median(rounds.map(({ barePerS }) => barePerS)), 0),
    ratio: figure(median(rounds.map(({ relayPerS, barePerS }) => relayPerS / barePerS)), 2),
    latencyMsP50: figure(percentile(latencies, 0.5)),
    latencyMsP99: figure(percentile(latencies, 0.99)),
    latencyOf: latencies.length,
    loadAverage: os.loadavg().map((load) => figure(load)),
  };
  if (values.json) console.log(JSON.stringify(report));
  else {
    console.log(
      `relay ${report.relayPerS}/s, bare producer ${report.barePerS}/s: ratio ${report.ratio} (${ROUNDS} rounds)`,
    );
    console.log(
      `from commit to handler at ${PER_S}/s: p50 ${report.latencyMsP50} ms, p99 ${report.latencyMsP99} ms (${report.latencyOf} events)`,
    );
    console.log(`load average of the machine: ${report.loadAverage.join(" ")}`);
  }
} finally {
  await producer.stop?.();
  await admin.stop?.();
  await part.stop();
  await mariadb.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** What the row of an event of the contract has, as if a later release had written it. */
function stored(topic: string, i: number): Pick<OutboxRow, "partition_key" | "payload" | "topic" | "headers"> {
  const headers = {
    ce_dataschema: "urn:muster:event:bench:v1",
    ce_dataclassification: "internal",
  };
  const payload = JSON.stringify({ text: "x".repeat(BYTES - 12) });
  return { partition_key: `key-${i % KEYS}`, payload, topic, headers: JSON.stringify(headers) };
}

async function createTopic(name: string): Promise<void> {
  await admin.createTopics([{ name, partitions: PARTITIONS, replicas: 1, settings: {} }]);
}

function newRelay(): ReturnType<typeof createRelay> {
  return createRelay({
    db,
    producer,
    encode,
    owner: randomUUID(),
    metrics: createRelayMetrics(new Registry(), db),
    log,
  });
}

/** From a full outbox until all is marked. @returns events per second */
async function relayed(topic: string): Promise<number> {
  await createTopic(topic);
  await sql`truncate table outbox`.execute(db);
  const { payload, headers } = stored(topic, 0);
  await sql`insert into outbox (event_id, event_type, partition_key, payload, traceparent, published_at, topic, headers)
    select uuid(), 'bench', concat('key-', seq % ${KEYS}), ${payload}, '', null, ${topic}, ${headers}
      from ${sql.raw(`seq_1_to_${EVENTS}`)}`.execute(db);
  const relay = newRelay();
  const begun = performance.now();
  await relay.start?.();
  await until(async () => {
    const { rows } = await sql`select 1 from outbox where published_at is null limit 1`.execute(db);
    return rows.length === 0 ? undefined : "not all is published";
  }, WITHIN_MS);
  const perS = (EVENTS / (performance.now() - begun)) * 1000;
  await relay.stop?.();
  return perS;
}

/** KafkaJS as its documentation has it: the same records, in batches that are awaited. @returns records per second */
async function bare(topic: string): Promise<number> {
  await createTopic(topic);
  const client = new Kafka({ clientId: "bench", brokers: [...kafka.brokers], logLevel: logLevel.ERROR });
  const plain = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await plain.connect();
  const messages = Array.from({ length: EVENTS }, (_, i) => {
    const row = { event_id: randomUUID(), event_type: "bench", traceparent: "", created_at: new Date() };
    const { key, value, headers }: OutgoingRecord = encode({ ...row, ...stored(topic, i) });
    return { key, value, headers: { ...headers } };
  });
  const begun = performance.now();
  for (let from = 0; from < EVENTS; from += BATCH)
    await plain.send({ topic, acks: -1, messages: messages.slice(from, from + BATCH) });
  const perS = (EVENTS / (performance.now() - begun)) * 1000;
  await plain.disconnect();
  return perS;
}

/** One transaction for each event, evenly over time; an ordered consumer with its inbox. @returns from each commit to its handler, ms */
async function latenciesAt(topic: string): Promise<number[]> {
  const topics = { events: [topic], replay: `${topic}-replay`, dlq: `${topic}-dlq`, retry: [] };
  for (const name of [topic, topics.replay, topics.dlq]) await createTopic(name);
  await sql`truncate table outbox`.execute(db);
  const committedAt = new Map<string, number>();
  const handledAt = new Map<string, number>();
  const consumer = createEventConsumer<Tables, { id: string; type: string }>({
    db,
    broker,
    producer,
    name: "bench",
    topics,
    order: "per key",
    decode: ({ headers }) => ({ id: headers["ce_id"] ?? "", type: headers["ce_type"] ?? "" }),
    wants: () => true,
    async apply({ id }, tx) {
      handledAt.set(id, performance.now());
      await sql`insert into handled values (${id})`.execute(tx);
    },
    metrics: createConsumerMetrics(new Registry()),
    log,
  });
  const relay = newRelay();
  await relay.start?.();
  await consumer.start?.();
  const emit = async (i: number): Promise<void> => {
    const id = randomUUID();
    const row = { event_id: id, event_type: "bench", traceparent: "", published_at: null, ...stored(topic, i) };
    await db.insertInto("outbox").values(row).execute();
    committedAt.set(id, performance.now());
  };
  const wait = (events: number): Promise<void> =>
    until(() => (handledAt.size >= events ? undefined : `${handledAt.size} of ${events} are handled`), WITHIN_MS);
  for (let i = 0; i < KEYS; i++) await emit(i); // warm, and the group has joined
  await wait(KEYS);
  const warm = new Set(committedAt.keys());
  const emitting: Promise<void>[] = [];
  const begun = performance.now();
  for (let sent = 0; sent < PER_S * SECONDS; ) {
    const due = Math.min(PER_S * SECONDS, Math.floor(((performance.now() - begun) / 1000) * PER_S));
    for (; sent < due; sent++) emitting.push(emit(sent));
    await sleep(STEP_MS);
  }
  await Promise.all(emitting);
  await wait(KEYS + PER_S * SECONDS);
  await consumer.stop?.();
  await relay.stop?.();
  return [...committedAt]
    .filter(([id]) => !warm.has(id))
    .map(([id, at]) => Math.max(0, (handledAt.get(id) ?? Infinity) - at));
}
