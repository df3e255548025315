// Figures that many rows share. Why they are what they are: design/sre/v2.3-resilience-standards.md. No I/O.
import type { Backoff, BreakerFigures, Figures, RetryBudget } from "./row.ts";

/** For a request that reaches edge-api, unless an operator sets another time. */
export const EDGE = { readMs: 2000, writeMs: 5000 } as const;

/** A tenth more calls, not three times as many, when a callee drops everything. */
const TENTH: RetryBudget = { share: 0.1, burst: 100 };
const SOON: Backoff = { firstMs: 10, maxMs: 100, jitter: "full" };
const NO_BUDGET = { none: "it is the only attempt, or its caller counts them" } as const;

const BREAKER: BreakerFigures = { volume: 20, failedPercent: 50, windowMs: 10_000, openMs: 1000 };

export const READS: Figures = {
  kind: "grpc unary",
  connectMs: 1000,
  tryMs: 1000,
  totalMs: EDGE.readMs,
  floorMs: 10,
  attempts: 3,
  backoff: SOON,
  idempotent: true,
  retryBudget: TENTH,
  bulkhead: 512,
  breaker: BREAKER,
  criticality: "critical",
};

/** Twice the time of a read and more: behind it are a transaction and a commit. */
export const REPEATABLE_WRITES: Figures = {
  ...READS,
  tryMs: 2500,
  totalMs: EDGE.writeMs,
  floorMs: 20,
};

/** One try has all of the time: it is sent again only if nobody can have served it. */
export const WRITES: Figures = {
  ...REPEATABLE_WRITES,
  tryMs: EDGE.writeMs,
  idempotent: false,
};

/** Between two streams of a session. */
export const SESSION_DELAYS: Backoff = { firstMs: 50, maxMs: 1000, jitter: "half" };

/** A session: it lasts for as long as both processes do. */
export const SESSION: Figures = {
  kind: "grpc stream",
  connectMs: 1000,
  tryMs: Infinity,
  totalMs: Infinity,
  floorMs: 0,
  attempts: Infinity,
  backoff: SESSION_DELAYS,
  idempotent: true,
  retryBudget: { none: "one stream per process; the delay between two grows" },
  bulkhead: 1,
  breaker: { none: "an open stream is what says that the callee is there; pings find one that hangs" },
  criticality: "critical-plus",
};

/** The standard of what DB_POOL_MAX, DB_ACQUIRE_TIMEOUT_MS and DB_STATEMENT_TIMEOUT_MS set. */
export const DATABASE: Figures = {
  kind: "mariadb",
  connectMs: 1000,
  tryMs: 5000,
  totalMs: 5000,
  floorMs: 5,
  attempts: 4,
  backoff: { firstMs: 20, maxMs: 80, jitter: "full" },
  idempotent: true,
  retryBudget: { none: "only the loser of a deadlock is repeated, and a transaction that was not committed" },
  bulkhead: 8,
  queue: {
    max: 512,
    waitMs: 2000,
    because: "a statement takes a millisecond or two: a burst of calls is done sooner than it could be sent again",
  },
  breaker: { none: "a pool without any connection refuses after 250 ms, and the next caller that gets one ends that" },
  criticality: "critical",
};

/** Of a library that speaks to Kafka. */
const KAFKA: Omit<Figures, "kind"> = {
  connectMs: 3000,
  tryMs: 15_000,
  totalMs: 60_000,
  floorMs: 0,
  attempts: 4,
  backoff: { firstMs: 50, maxMs: 1000, jitter: "a fifth" },
  idempotent: true,
  retryBudget: NO_BUDGET,
  bulkhead: 1,
  breaker: { none: "there is one request at a time, and what calls it waits longer after each failure" },
  criticality: "sheddable-plus",
};

export const KAFKA_PRODUCER: Figures = { ...KAFKA, kind: "kafka producer" };
export const KAFKA_CONSUMER: Figures = {
  ...KAFKA,
  kind: "kafka consumer",
  totalMs: Infinity,
  attempts: 31, // half a minute: one that gives up sooner comes back under another name, and its group waits for the old one
  bulkhead: 4, // partitions, side by side
  criticality: "sheddable",
};
export const KAFKA_ADMIN: Figures = {
  ...KAFKA,
  kind: "kafka admin",
  criticality: "sheddable",
  builtWhen: "an operator looks at dead letters or at the lag",
};
export const KAFKA_PROBE: Figures = {
  ...KAFKA,
  kind: "kafka admin",
  tryMs: 3000,
  totalMs: 6000,
  attempts: 1,
  backoff: { none: "one attempt" },
  criticality: "sheddable",
};

export const HTTP: Figures = {
  kind: "http",
  connectMs: 1000,
  tryMs: 1500,
  totalMs: 1500,
  floorMs: 0,
  attempts: 1,
  backoff: { none: "one attempt" },
  idempotent: true,
  retryBudget: NO_BUDGET,
  bulkhead: 1000,
  breaker: { none: "its answer is what is asked for: whether the other side is well" },
  criticality: "critical-plus",
};
