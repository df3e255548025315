import { randomBytes } from "node:crypto";
import { describe, inject } from "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** host:port,host:port; empty when there is no Kafka on this machine. Only files named *.kafka.test.ts have it. */
    kafkaBrokers: string;
  }
}

/** `describe` for tests that need a Kafka and a MariaDB: skipped, and counted as skipped, where one is missing. */
export const describeWithKafka: typeof describe.skip =
  inject("kafkaBrokers") && inject("mariadbAdminUrl") ? (describe as typeof describe.skip) : describe.skip;

/** Of the Kafka of this test run, which all files share. @throws Error in a file that has none */
export function kafkaBrokers(): string[] {
  const brokers = inject("kafkaBrokers");
  if (!brokers) throw new Error("there is no Kafka here: name the file *.kafka.test.ts, and use describeWithKafka");
  return brokers.split(",");
}

/** For the names of topics and groups, so that no other test, nor another run of this one, has the same: `test-1f00….`. */
export function freshTopicPrefix(): string {
  return `test-${randomBytes(6).toString("hex")}.`;
}
