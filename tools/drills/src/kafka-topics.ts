// The topics of an installation, in a Kafka that a drill has started.
import { applyTopics, type Broker, createBroker, SUBSCRIPTIONS, topicDescriptions } from "@muster/events";
import { createLogger } from "@muster/log";
import { anyKafka } from "@muster/resilience/testing";

export async function openTopics(brokers: readonly string[]): Promise<Broker> {
  const options = { client: "kafkajs", brokers, clientId: "drill", dependency: anyKafka(), tls: false } as const;
  const broker = await createBroker(options, createLogger("drill", "error"));
  const admin = broker.admin();
  await admin.start?.();
  await applyTopics(admin, topicDescriptions(Object.values(SUBSCRIPTIONS), "local"));
  await admin.stop?.();
  return broker;
}
