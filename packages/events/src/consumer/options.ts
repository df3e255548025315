import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import type { Transaction } from "kysely";
import type { Broker, Producer, ReceivedRecord } from "../broker/port.ts";
import type { ConsumerMetrics } from "./metrics.ts";
import type { RetryPolicy } from "./retry-policy.ts";
import type { ConsumerTables } from "./tables.ts";

/** What every event of the contract has. */
export interface Identified {
  readonly id: string;
  readonly type: string;
  readonly traceparent?: string | undefined;
}

export interface ConsumerTopics {
  readonly events: readonly string[];
  /** Events that an operator replays for this consumer. */
  readonly replay: string;
  readonly dlq: string;
  /** Of an unordered consumer, one for each delay of its policy. */
  readonly retry: readonly string[];
}

export interface EventConsumerOptions<Tables extends ConsumerTables, Event extends Identified> {
  readonly db: Database<Tables>;
  readonly broker: Broker;
  readonly producer: Producer;
  /** In the inbox, the metrics and, as the group, in the broker: it never changes. */
  readonly name: string;
  readonly topics: ConsumerTopics;
  /** `per key`: an event that fails holds back those behind it with the same key, and no others. */
  readonly order: "per key" | "none";
  /**
   * `decodeOnly` of contract/. Undefined: of a type that this consumer does not handle, also one that is newer than this release.
   * @throws InvalidEventError
   */
  readonly decode: (record: ReceivedRecord) => Event | undefined;
  /** Whether it wants the event at all: nothing is stored of one without an effect. All by default. */
  readonly wants?: (event: Event) => boolean;
  /**
   * The effect, in this transaction and nowhere else. It may run more than once; what commits, commits once. What counts or tells of it
   * outside of the database is done by `afterCommit`, which only the attempt that commits has.
   */
  readonly apply: (event: Event, tx: Transaction<Tables>, afterCommit: (tell: () => void) => void) => Promise<void>;
  readonly policy?: RetryPolicy;
  readonly concurrency?: number;
  readonly metrics: ConsumerMetrics;
  readonly log: Logger;
  readonly nowMs?: () => number;
}
