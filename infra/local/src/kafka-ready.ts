import type { Kafka } from "kafkajs";
import { waitForPort } from "./ports.ts";

const BETWEEN_PROBES_MS = 50;
const ANSWER_WITHIN_MS = 2000;
/** Never joined, so no such group comes into being. */
const GROUP = "muster-ready";

/**
 * Until a client has nothing more to wait for. A broker that has just started refuses two kinds of requests for a moment, although its
 * port is open: ids for producers, and everything of consumer groups ("the coordinator is loading"). Ours has one partition of groups
 * (kafka.ts), so what one group sees all do.
 * @throws Error when it is not so within `withinMs`, or `failed` says why it never will be
 */
export async function untilKafkaReady(
  port: number,
  withinMs: number,
  failed: () => string | undefined = () => undefined,
): Promise<void> {
  const deadline = performance.now() + withinMs;
  await waitForPort(port, withinMs, failed);
  const { Kafka, logLevel } = await import("kafkajs"); // takes 0.1 s to load, while others of this process may be busy
  const kafka = new Kafka({
    clientId: "muster-ready",
    brokers: [`127.0.0.1:${port}`],
    connectionTimeout: ANSWER_WITHIN_MS,
    requestTimeout: ANSWER_WITHIN_MS,
    retry: { retries: 1, initialRetryTime: BETWEEN_PROBES_MS, maxRetryTime: BETWEEN_PROBES_MS }, // an idempotent producer wants one
    logLevel: logLevel.NOTHING,
  });
  for (;;) {
    try {
      return await probe(kafka);
    } catch (err) {
      const reason = failed();
      if (reason) throw new Error(reason, { cause: err });
      if (performance.now() > deadline)
        throw new Error(`Kafka is not ready after ${withinMs} ms: ${(err as Error).message}`, { cause: err });
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_PROBES_MS));
    }
  }
}

async function probe(kafka: Kafka): Promise<void> {
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  const admin = kafka.admin();
  try {
    await producer.connect(); // asks for a producer's id
    await admin.connect();
    await admin.fetchOffsets({ groupId: GROUP });
  } finally {
    await Promise.allSettled([producer.disconnect(), admin.disconnect()]);
  }
}
