// Which Kafka the processes of this machine use: the one that the environment names, else the private one, else none.
import { untilKafkaReady } from "./kafka-ready.ts";
import { findKafka } from "./kafka-jars.ts";
import { KAFKA_START_MS } from "./kafka.ts";
import { KAFKA_SETTINGS } from "./services.ts";

export const NO_KAFKA = "Kafka is not available: events stay in the outbox until it is";

type Variables = Readonly<Record<string, string | undefined>>;

export function usesExistingKafka(): boolean {
  return Boolean(process.env["MUSTER_KAFKA_BROKERS"]);
}

export function usesPrivateKafka(): boolean {
  return !usesExistingKafka() && findKafka() !== undefined;
}

/** MUSTER_KAFKA_BROKERS (host:port,host:port), and what a client needs besides to get in. Empty: there is no Kafka. */
export function kafkaSettings(env: Variables): Record<string, string> {
  if (!usesExistingKafka())
    return usesPrivateKafka() ? { MUSTER_KAFKA_BROKERS: `127.0.0.1:${env["MUSTER_KAFKA_PORT"]}` } : {};
  const names = KAFKA_SETTINGS.map((setting) => `MUSTER_KAFKA_${setting}`);
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** For whoever did not start it: until the private one is ready, or at once when there is none. */
export async function untilPrivateKafka(env: Variables): Promise<void> {
  if (usesPrivateKafka()) await untilKafkaReady(Number(env["MUSTER_KAFKA_PORT"]), KAFKA_START_MS);
}
