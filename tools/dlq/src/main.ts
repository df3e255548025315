// Dead letters of consumers, for operators: scripts/dlq.sh. Design: design/backend/v2.1-dlq.md.
import { existsSync } from "node:fs";
import os from "node:os";
import { configOrExit, parseConfig } from "@muster/config";
import { type Broker, BrokerError, brokerOf, kafkaFields, SUBSCRIPTIONS } from "@muster/events";
import { paths, readOwnVariables } from "@muster/local";
import { createLogger } from "@muster/log";
import { run, USAGE } from "./commands.ts";
import { UsageError } from "./filter.ts";
import { RefusedError } from "./read.ts";

const usage = USAGE.replace("CONSUMERS", Object.keys(SUBSCRIPTIONS).join(", "));
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    console.log(usage);
    return 0;
  }
  try {
    return await run(args, { broker, user: userName(), say: (line) => console.log(line), stop: stop.signal });
  } catch (err) {
    if (err instanceof UsageError) {
      console.error(`${err.message}\n\n${usage}`);
      return 2;
    }
    if (err instanceof BrokerError) console.error(`Kafka: ${err.message}`);
    else if (err instanceof RefusedError) console.error(err.message);
    else throw err;
    return 1;
  }
}

async function broker(): Promise<Broker> {
  const env = { ...localKafka(), ...process.env };
  const config = configOrExit("dlq", () => parseConfig(kafkaFields("MUSTER"), env, "MUSTER"));
  const found = await brokerOf(config, "dlq", createLogger("dlq", "error"));
  if (!found) throw new RefusedError("MUSTER_KAFKA_BROKERS is not set, and there is no local system");
  return found;
}

/** What the local system of this checkout remembers of its Kafka. */
function localKafka(): Record<string, string | undefined> {
  if (process.env["MUSTER_KAFKA_BROKERS"] || !existsSync(paths.databases)) return {};
  const known = Object.entries(ownVariables());
  return Object.fromEntries(known.filter(([name]) => name.startsWith("MUSTER_KAFKA_")));
}

function ownVariables(): NodeJS.Dict<string> {
  try {
    return readOwnVariables(paths.databases);
  } catch (err) {
    throw new RefusedError((err as Error).message, { cause: err });
  }
}

function userName(): string {
  const { SUDO_USER, USER, LOGNAME } = process.env;
  const name = SUDO_USER ?? USER ?? LOGNAME ?? String(process.getuid?.() ?? "");
  return `${name}@${os.hostname()}`;
}
