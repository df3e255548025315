// Makes the declared topics in the private Kafka. An existing one is its operator's: scripts/kafka-topics.sh.
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { paths } from "./paths.ts";

/** @throws Error with what the tool said */
export async function makeLocalTopics(broker: string, stop: AbortSignal): Promise<void> {
  const main = path.join(paths.root, "tools/topics/src/main.ts");
  const env = { ...process.env, MUSTER_KAFKA_BROKERS: broker };
  await promisify(execFile)(paths.node, [main, "--apply", "--replicas", "1"], { env, signal: stop });
}
