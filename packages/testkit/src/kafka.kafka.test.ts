// What the local Kafka promises to those who use it: nothing that it acknowledged is lost in a crash, and whoever connects after its start
// meets no error, since its coordinators have loaded by then.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { answers, freePort, startKafka } from "@muster/local";
import { Kafka, logLevel, Partitioners } from "kafkajs";
import { expect, it } from "vitest";
import { describeWithKafka, freshTopicPrefix, kafkaBrokers, startPrivateKafka, until } from "./index.ts";

const RESIDENT_MIB_MAX = 400;
const STOPS_WITHIN_MS = 15_000;
const RECORDS = 500;

/** Notes what the client complains about. */
function clientOf(brokers: readonly string[], complaints: string[]): Kafka {
  return new Kafka({
    clientId: "test",
    brokers: [...brokers],
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => void complaints.push(`${entry.log.message} ${entry.log["error"] ?? ""}`),
  });
}

async function createTopic(client: Kafka, topic: string): Promise<void> {
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }], waitForLeaders: true });
  await admin.disconnect();
}

async function produce(client: Kafka, topic: string, from: number): Promise<void> {
  const producer = client.producer({
    idempotent: true,
    maxInFlightRequests: 1,
    allowAutoTopicCreation: false,
    createPartitioner: Partitioners.DefaultPartitioner,
  });
  await producer.connect();
  const messages = Array.from({ length: RECORDS }, (_, i) => ({ key: `key-${i % 7}`, value: String(from + i) }));
  await producer.send({ topic, acks: -1, messages });
  await producer.disconnect();
}

/** All values, by a group that is new. */
async function consume(client: Kafka, topic: string, count: number): Promise<number[]> {
  const values: number[] = [];
  const consumer = client.consumer({ groupId: `${freshTopicPrefix()}readers`, allowAutoTopicCreation: false });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => void values.push(Number(message.value)) });
  await until(() => (values.length >= count ? undefined : `${values.length} of ${count}`), 30_000);
  await consumer.disconnect();
  return values.toSorted((a, b) => a - b);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describeWithKafka("a private Kafka", () => {
  it("has everything again after a kill, stays small, and shows nobody an error", async () => {
    await using kafka = await startPrivateKafka();
    const topic = `${freshTopicPrefix()}events`;
    const complaints: string[] = [];
    const before = clientOf(kafka.brokers, complaints);
    await createTopic(before, topic);
    await produce(before, topic, 0);
    expect(await consume(before, topic, RECORDS)).toEqual(upTo(RECORDS));

    await kafka.kill();
    await kafka.start();
    const after = clientOf(kafka.brokers, complaints);
    await produce(after, topic, RECORDS);
    expect(await consume(after, topic, 2 * RECORDS)).toEqual(upTo(2 * RECORDS));
    expect(complaints).toEqual([]);
    expect(kafka.lines).toEqual([]);
    const resident =
      Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${await kafka.pid()}/status`, "utf8"))?.[1]) / 1024;
    expect(resident).toBeLessThan(RESIDENT_MIB_MAX);

    const stopping = performance.now();
    await kafka.stop();
    expect(performance.now() - stopping).toBeLessThan(STOPS_WITHIN_MS);
    expect(kafka.lines).toEqual([]);
  });

  it("may have its data in any folder", async () => {
    const parent = mkdtempSync(path.join(os.tmpdir(), "muster home: größer 日本 #1! "));
    try {
      const dataDir = path.join(parent, "kafka");
      const server = await startKafka({ dataDir, port: await freePort(), controllerPort: await freePort() });
      await server.stop();
      expect(readdirSync(dataDir)).toContain("__cluster_metadata-0");
      expect(readdirSync(parent).toSorted()).toEqual(["kafka", "kafka.properties"]);
    } finally {
      rmSync(parent, { recursive: true });
    }
  });

  it("is shared by the files of a run, makes no topic by itself, and listens on this machine only", async () => {
    const [broker] = kafkaBrokers();
    const client = clientOf(kafkaBrokers(), []);
    const producer = client.producer({ retry: { retries: 1 }, createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const topic = `${freshTopicPrefix()}nobody-made-this`;
    await expect(producer.send({ topic, messages: [{ value: "lost?" }] })).rejects.toThrow();
    await producer.disconnect();
    const admin = client.admin();
    await admin.connect();
    expect(await admin.listTopics()).not.toContain(topic);
    await admin.disconnect();

    const port = Number(broker?.split(":")[1]);
    expect(await answers(port)).toBe(true);
    const outside = Object.values(os.networkInterfaces()).flatMap((all) => all ?? []);
    for (const { address, internal } of outside) if (!internal) expect(await answers(port, address)).toBe(false);
  });
});
