import { randomUUID } from "node:crypto";
import { type Broker, BrokerError, bytesOf, type Letter, lettersOf, type ReceivedRecord } from "@muster/events";
import { until } from "@muster/runtime";

/** Of what is kept in memory while a topic is read. */
const HELD_BYTES_MAX = 256 * 1024 * 1024;
const WITHIN_MS = 120_000;

/** It cannot be done as asked; the message says what can be done instead. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** All letters of a DLQ with what became of them, oldest first. @throws RefusedError, BrokerError */
export async function readLetters(broker: Broker, dlq: string): Promise<Letter[]> {
  return lettersOf(await readTopic(broker, dlq));
}

/** What a topic with one partition has now. It commits nothing: whoever reads the topic otherwise does not notice. */
export async function readTopic(broker: Broker, topic: string): Promise<ReceivedRecord[]> {
  const end = await endOf(broker, topic);
  if (end === undefined) return [];
  const records: ReceivedRecord[] = [];
  let [next, bytes] = [0n, 0];
  const consumer = broker.consumer({
    group: `muster.dlq-tool.${randomUUID()}`,
    topics: [topic],
    concurrency: 1,
    from: "earliest",
    async handle(batch) {
      for (const record of batch.records) {
        next = record.offset + 1n;
        if (record.offset >= end) break;
        bytes += bytesOf(record);
        if (bytes <= HELD_BYTES_MAX) records.push(record);
      }
      return { next, pauseMs: 0 };
    },
  });
  await consumer.start();
  try {
    await until(() => (next >= end ? undefined : `read up to offset ${next} of ${end} of ${topic}`), WITHIN_MS);
  } finally {
    await consumer.stop();
  }
  if (bytes > HELD_BYTES_MAX)
    throw new RefusedError(
      `${topic} has more than ${HELD_BYTES_MAX / 1024 / 1024} MiB: shorten its retention, or read it with Kafka's own tools`,
    );
  return records;
}

/** Undefined: it is empty. */
async function endOf(broker: Broker, topic: string): Promise<bigint | undefined> {
  const admin = broker.admin();
  await admin.start?.();
  try {
    if (!(await admin.listTopics()).some(({ name }) => name === topic))
      throw new RefusedError(`there is no topic ${topic}: scripts/kafka-topics.sh --apply makes the declared ones`);
    const partitions = await admin.lag("muster.dlq-tool", [topic]);
    const [only] = partitions;
    if (!only || partitions.length > 1)
      throw new RefusedError(`${topic} has ${partitions.length} partitions, and not one as declared`);
    return only.end > only.first ? only.end : undefined;
  } catch (err) {
    if (err instanceof BrokerError) throw new RefusedError(`Kafka cannot be asked: ${err.message}`, { cause: err });
    throw err;
  } finally {
    await admin.stop?.();
  }
}
