// What the libraries are told of a row of the dependency table. No I/O.
import { type Dependency, isNone } from "@muster/resilience";

/** @throws Error for what the table says nothing of */
export function kafkaRow(row: Dependency | undefined): Dependency {
  if (!row) throw new Error("the dependency table gives this process no such client of Kafka");
  return row;
}

/** Tries of one call inside KafkaJS: for a leader that has just moved. Longer outages are its caller's. */
export function retryOf({ attempts, backoff }: Dependency): {
  readonly retries: number;
  readonly initialRetryTime?: number;
  readonly maxRetryTime?: number;
} {
  if (isNone(backoff)) return { retries: attempts - 1 };
  return { retries: attempts - 1, initialRetryTime: backoff.firstMs, maxRetryTime: backoff.maxMs };
}
