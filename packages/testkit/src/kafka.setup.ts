// One private Kafka for the test files that need one; each of them has topics of its own in it.
import { findKafka } from "@muster/local";
import type { TestProject } from "vitest/node";
import { startPrivateKafka } from "./kafka.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!findKafka()) {
    const text = "Kafka missing: scripts/test.sh installs what the tests need";
    if (process.env["CI"]) throw new Error(text);
    console.warn(`\n!!! ${text}. THE TESTS THAT NEED IT ARE SKIPPED.\n`);
    project.provide("kafkaBrokers", "");
    return async () => undefined;
  }
  const kafka = await startPrivateKafka();
  project.provide("kafkaBrokers", kafka.brokers.join(","));
  return () => kafka.stop();
}
