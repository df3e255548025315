// One private Kafka for the test files that need one; each of them has topics of its own in it.
import { findKafka } from "@muster/local";
import type { TestProject } from "vitest/node";
import { runsInContainer } from "./containers.ts";
import { KAFKA_IMAGE, startPrivateKafka } from "./kafka.ts";
import type {} from "./topics.ts"; // what is provided, by type

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hasKafka = findKafka() !== undefined;
  const inContainer = await runsInContainer(KAFKA_IMAGE, hasKafka);
  if (!inContainer && !hasKafka) {
    const text = "Kafka missing: scripts/test.sh installs what the tests need";
    if (process.env["CI"]) throw new Error(text);
    console.warn(`\n!!! ${text}. THE TESTS THAT NEED IT ARE SKIPPED.\n`);
    project.provide("kafkaBrokers", "");
    return async () => undefined;
  }
  if (inContainer) console.log(`the tests' Kafka runs in a container of ${KAFKA_IMAGE}`);
  const kafka = await startPrivateKafka();
  project.provide("kafkaBrokers", kafka.brokers.join(","));
  return () => kafka.stop();
}
