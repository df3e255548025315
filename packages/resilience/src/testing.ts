// For tests and tools, which call what they like: rows that are in no table.
import { DATABASE, KAFKA_ADMIN, KAFKA_CONSUMER, KAFKA_PROBE, KAFKA_PRODUCER, READS } from "./figures.ts";
import type { KafkaDependencies } from "./table.ts";
import type { Dependencies, Dependency, Figures } from "./row.ts";

/** Of every method class, each try with the whole time. */
export function anyMethods(timeoutMs: number, more: Partial<Figures> = {}): Dependencies {
  const row = (methodClass: string, idempotent: boolean): Dependency => ({
    caller: "test",
    callee: "test",
    methodClass,
    ...READS,
    tryMs: timeoutMs,
    totalMs: timeoutMs,
    floorMs: 1,
    attempts: 4,
    idempotent,
    bulkhead: Infinity,
    breaker: { none: "a test" },
    ...more,
  });
  return {
    reads: row("reads", true),
    "repeatable writes": row("repeatable writes", true),
    writes: row("writes", false),
    streams: row("streams", false),
  };
}

export function anyDatabase(
  connections: number,
  { waitMs, statementMs }: { readonly waitMs: number; readonly statementMs: number },
): Dependency {
  const queue = { max: Infinity, waitMs, because: "a test" };
  const named = { caller: "test", callee: "mariadb", methodClass: "statements" };
  return { ...named, ...DATABASE, bulkhead: connections, tryMs: statementMs, queue };
}

export function anyKafka(): KafkaDependencies {
  const row = (methodClass: string, figures: Figures): Dependency => ({
    caller: "test",
    callee: "kafka",
    methodClass,
    ...figures,
  });
  return {
    producer: row("producer", KAFKA_PRODUCER),
    consumer: row("consumer", KAFKA_CONSUMER),
    admin: row("admin", KAFKA_ADMIN),
    probe: row("probe", KAFKA_PROBE),
  };
}
