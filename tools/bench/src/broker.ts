// The two adapters of the broker's port (packages/events), side by side: records sent and received per second, by turns in one run on
// a private Kafka of its own. The ratio is what to look at; the figures are those of one machine, which the broker shares.
//
//   node src/broker.ts [--records 100000] [--batch 500] [--bytes 400] [--rounds 3] [--json]
import { BROKER_CLIENTS, type BrokerClient, createBroker, type OutgoingRecord } from "@muster/events";
import { createLogger } from "@muster/log";
import { anyKafka } from "@muster/resilience/testing";
import { until } from "@muster/runtime";
import { startPrivateKafka } from "@muster/testkit/kafka";
import { programOptions, refuseOptions } from "@muster/testkit/program-options";
import { median } from "./table.ts";

const { values } = programOptions({
  options: {
    records: { type: "string", default: "100000" },
    batch: { type: "string", default: "500" },
    bytes: { type: "string", default: "400" },
    rounds: { type: "string", default: "3" },
    json: { type: "boolean", default: false },
  },
});

function count(name: "records" | "batch" | "bytes" | "rounds", max: number): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 1 || value > max)
    refuseOptions(`--${name} is a whole number from 1 to ${max}`);
  return value;
}

// Bounded: all records of all rounds are on the disk, or in memory, at the end.
const RECORDS = count("records", 500_000);
const BATCH = count("batch", 10_000);
const BYTES = count("bytes", 100_000);
const ROUNDS = count("rounds", 9);
const PARTITIONS = 6;
const KEYS = 1000;
const RECEIVE_MS = 120_000;
const VALUE = Buffer.alloc(BYTES, "x");

interface Round {
  readonly client: BrokerClient;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  /** Of this process, per thousand records. */
  readonly sendCpuMs: number;
  readonly receiveCpuMs: number;
}

async function measure(work: () => Promise<void>): Promise<{ perS: number; cpuMs: number }> {
  const cpu = process.cpuUsage();
  const begun = performance.now();
  await work();
  const ms = performance.now() - begun;
  const { user, system } = process.cpuUsage(cpu);
  return { perS: (RECORDS / ms) * 1000, cpuMs: (user + system) / RECORDS };
}

async function round(client: BrokerClient, brokers: readonly string[], name: string): Promise<Round> {
  const log = createLogger("bench", "error");
  const broker = await createBroker({ client, brokers, clientId: "bench", dependency: anyKafka(), tls: false }, log);
  const [admin, producer] = [broker.admin(), broker.producer()];
  await admin.start?.();
  await admin.createTopics([{ name, partitions: PARTITIONS, replicas: 1, settings: {} }]);
  const batchOf = (from: number): OutgoingRecord[] =>
    Array.from({ length: Math.min(BATCH, RECORDS - from) }, (_, i) => ({
      topic: name,
      key: `key-${(from + i) % KEYS}`,
      value: VALUE,
      headers: {},
    }));
  const sent = await measure(async () => {
    for (let from = 0; from < RECORDS; from += BATCH) await producer.send(batchOf(from));
  });
  let received = 0;
  const consumer = broker.consumer({
    group: name,
    topics: [name],
    concurrency: PARTITIONS,
    from: "earliest",
    handle: async (batch) => {
      received += batch.records.length;
      const next = (batch.records.at(-1)?.offset ?? -1n) + 1n;
      await batch.commit(next);
      return { next, pauseMs: 0 };
    },
  });
  await consumer.start();
  await until(() => (consumer.assigned() ? undefined : "joined no group"));
  const got = await measure(() => until(() => (received >= RECORDS ? undefined : `${received} came`), RECEIVE_MS));
  await consumer.stop();
  await producer.stop?.();
  await admin.deleteTopics([name]);
  await admin.stop?.();
  return { client, sentPerS: sent.perS, receivedPerS: got.perS, sendCpuMs: sent.cpuMs, receiveCpuMs: got.cpuMs };
}

await using kafka = await startPrivateKafka();
for (const client of BROKER_CLIENTS) await round(client, kafka.brokers, `warm-up-${client}`);
const rounds: Round[] = [];
for (let i = 0; i < ROUNDS; i += 1) {
  for (const client of BROKER_CLIENTS) rounds.push(await round(client, kafka.brokers, `round-${i}-${client}`));
}
const figures = (client: BrokerClient): Record<string, number> => {
  const of = rounds.filter((one) => one.client === client);
  const middle = (pick: (one: Round) => number): number => median(of.map(pick)) ?? 0;
  return {
    "records sent per s": middle(({ sentPerS }) => sentPerS),
    "records received per s": middle(({ receivedPerS }) => receivedPerS),
    "CPU to send 1000, ms": middle(({ sendCpuMs }) => sendCpuMs),
    "CPU to receive 1000, ms": middle(({ receiveCpuMs }) => receiveCpuMs),
  };
};
const [kafkajs, platformatic] = [figures("kafkajs"), figures("platformatic")];
if (values.json) console.log(JSON.stringify({ records: RECORDS, batch: BATCH, bytes: BYTES, kafkajs, platformatic }));
else {
  console.log(`${RECORDS} records of ${BYTES} bytes in batches of ${BATCH}, median of ${ROUNDS} rounds`);
  for (const [name, value] of Object.entries(kafkajs)) {
    const other = platformatic[name] ?? 0;
    const digits = value < 100 ? 2 : 0;
    const ratio = (other / value).toFixed(2);
    console.log(
      `${name.padEnd(26)} kafkajs ${value.toFixed(digits)}  platformatic ${other.toFixed(digits)}  ratio ${ratio}`,
    );
  }
}
