// Kafka's topics beside the declared ones: says the differences, and removes them when it is asked to.
import { parseArgs } from "node:util";
import { configOrExit, parseConfig } from "@muster/config";
import {
  applyTopics,
  brokerOf,
  describePlan,
  kafkaFields,
  planTopics,
  SUBSCRIPTIONS,
  topicDescriptions,
} from "@muster/events";
import { createLogger } from "@muster/log";

const USAGE = `usage: scripts/kafka-topics.sh [--apply] [--replicas 3|1]

  Says how Kafka's topics differ from the declared ones (packages/events/src/topics.ts). Exit code 1: they do.
  --apply        makes missing topics, and sets settings; nothing is deleted, and partitions stay as they are
  --replicas     3 for a cluster (default), 1 for a single broker

  Kafka by MUSTER_KAFKA_BROKERS and the other MUSTER_KAFKA_ variables (infra/services.ts).`;

const { apply, replicas, help } = options();
if (help) console.log(USAGE);
else await main();

function options(): { apply: boolean; replicas: "3" | "1"; help: boolean } {
  try {
    const { values } = parseArgs({
      options: {
        apply: { type: "boolean", default: false },
        replicas: { type: "string", default: "3" },
        help: { type: "boolean", default: false },
      },
    });
    if (values.replicas !== "3" && values.replicas !== "1") throw new Error("--replicas is 3 or 1");
    return { ...values, replicas: values.replicas };
  } catch (err) {
    console.error(`${err instanceof Error ? err.message : String(err)}\n${USAGE}`);
    process.exit(2);
  }
}

async function main(): Promise<void> {
  const config = configOrExit("kafka-topics", () => parseConfig(kafkaFields("MUSTER"), process.env, "MUSTER"));
  const broker = await brokerOf(config, "kafka-topics", createLogger("kafka-topics", "warn"));
  if (!broker) {
    console.error(`MUSTER_KAFKA_BROKERS is not set\n${USAGE}`);
    process.exit(2);
  }
  const wanted = topicDescriptions(Object.values(SUBSCRIPTIONS), replicas === "3" ? "production" : "local");
  const admin = broker.admin();
  try {
    await admin.start?.();
    const plan = apply ? await applyTopics(admin, wanted) : planTopics(wanted, await admin.listTopics());
    const lines = describePlan(plan);
    console.log(lines.length === 0 ? `${wanted.length} topics are as declared` : lines.join("\n"));
    if (apply ? plan.wrong.length > 0 : lines.length > 0) process.exitCode = 1;
  } catch (err) {
    console.error(`Kafka cannot be asked: ${err instanceof Error ? err.message : String(err)}`);
    process.exitCode = 1;
  } finally {
    await admin.stop?.();
  }
}
