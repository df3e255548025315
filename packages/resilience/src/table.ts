// The dependency table: everything that a process of Muster calls. Clients, pools, producers and HTTP calls are built from these rows and from
// nothing else: scripts/outgoing-calls.ts and tools/e2e/src/dependencies.system.test.ts check it. No I/O.
import {
  DATABASE,
  HTTP,
  KAFKA_ADMIN,
  KAFKA_CONSUMER,
  KAFKA_PROBE,
  KAFKA_PRODUCER,
  READS,
  REPEATABLE_WRITES,
  SESSION,
  WRITES,
} from "./figures.ts";
import type { Dependency, Figures } from "./row.ts";

type Rows = Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, Figures>>>>>>;
type Table<T extends Rows> = {
  readonly [Caller in keyof T]: {
    readonly [Callee in keyof T[Caller]]: { readonly [Class in keyof T[Caller][Callee]]: Dependency };
  };
};

const OPERATORS = { criticality: "sheddable", bulkhead: 64 } as const;
/** Asked by operators only; what cannot be had is shown as such. */
const DELIVERY = { reads: { ...READS, ...OPERATORS }, writes: { ...WRITES, ...OPERATORS } };
const STATEMENTS = { statements: DATABASE };
const PUBLISHES = { producer: KAFKA_PRODUCER, probe: KAFKA_PROBE };
const CONSUMES = { ...PUBLISHES, consumer: KAFKA_CONSUMER, admin: KAFKA_ADMIN };
const FILE = "packages/resilience/src/table.ts";
const REALTIME_CALL_MS = 2000;
const SHARD_CALL_MS = 3000;

export const DEPENDENCIES = tableOf({
  "edge-api": {
    "identity-service": {
      reads: { ...READS, criticality: "critical-plus" }, // what no request asks for: keys and revocations
      "log-ins": { ...WRITES, floorMs: 100, bulkhead: 256, methods: ["LogIn", "ChangePassword"] },
      registrations: {
        ...WRITES,
        floorMs: 100,
        bulkhead: 128,
        methods: ["Register", "UpgradeGuest"],
        criticality: "sheddable-plus",
      },
      "repeatable writes": REPEATABLE_WRITES,
      writes: WRITES,
    },
    "match-service": { reads: READS, "repeatable writes": { ...REPEATABLE_WRITES, ...OPERATORS } },
    matchmaker: { reads: READS, writes: { ...WRITES, ...OPERATORS } },
    "chat-service": { reads: READS, "repeatable writes": REPEATABLE_WRITES, writes: WRITES },
    "rating-service": { reads: { ...READS, criticality: "sheddable-plus" } },
    "replay-service": {
      reads: { ...READS, criticality: "sheddable-plus" },
      writes: { ...WRITES, ...OPERATORS },
    },
    "identity-service/delivery": DELIVERY,
    "match-service/delivery": DELIVERY,
    "rating-service/delivery": DELIVERY,
    "replay-service/delivery": DELIVERY,
    "every process": { probes: HTTP },
    "legacy origin": {
      requests: {
        ...HTTP,
        tryMs: 15_000,
        totalMs: Infinity,
        bulkhead: 2000,
        idempotent: false,
        breaker: { none: "it is another system, whose answers are passed on as they are" },
        criticality: "critical",
        builtWhen: "EDGE_LEGACY_URL names a v1.5 monolith",
      },
    },
  },
  "realtime-gateway": {
    "identity-service": { reads: { ...READS, criticality: "critical-plus", bulkhead: 4 } },
    // Players are paired by what was last known.
    "rating-service": { reads: { ...READS, totalMs: REALTIME_CALL_MS, criticality: "sheddable-plus" } },
    "chat-service": {
      "repeatable writes": {
        ...REPEATABLE_WRITES,
        tryMs: REALTIME_CALL_MS / 2,
        totalMs: REALTIME_CALL_MS,
        bulkhead: 64,
      },
      streams: SESSION,
    },
    matchmaker: { streams: SESSION },
    shard: {
      links: {
        ...SESSION,
        kind: "shard link",
        connectMs: 2000,
        tryMs: 8000,
        backoff: { firstMs: 500, maxMs: 500, jitter: "half" },
        bulkhead: 1000,
        breaker: { none: "a shard that answers no heartbeat is suspected, and its matches move to another one" },
      },
    },
  },
  shard: {
    "match-service": {
      "repeatable writes": {
        ...REPEATABLE_WRITES,
        tryMs: SHARD_CALL_MS / 2,
        totalMs: SHARD_CALL_MS,
        bulkhead: 64,
        criticality: "critical-plus",
      },
    },
    "match-service/watchdog": {
      reads: { ...watchdog(READS), criticality: "critical-plus" },
      "repeatable writes": { ...watchdog(REPEATABLE_WRITES), criticality: "critical-plus" },
    },
    matchmaker: { streams: SESSION },
  },
  matchmaker: {
    "match-service": {
      reads: { ...READS, criticality: "critical-plus" },
      "repeatable writes": {
        ...REPEATABLE_WRITES,
        tryMs: REALTIME_CALL_MS / 2,
        totalMs: REALTIME_CALL_MS,
        criticality: "critical-plus",
      },
    },
  },
  "replay-service": {
    "match-service": { reads: { ...READS, totalMs: 3000, criticality: "sheddable" } },
    "rating-service": { writes: { ...WRITES, tryMs: 3000, totalMs: 3000, criticality: "sheddable" } },
    mariadb: STATEMENTS,
    kafka: CONSUMES,
  },
  "rating-service": { mariadb: STATEMENTS, kafka: CONSUMES },
  "identity-service": { mariadb: STATEMENTS, kafka: PUBLISHES },
  "chat-service": { "match-service": { reads: READS }, mariadb: STATEMENTS },
  "match-service": { mariadb: STATEMENTS, kafka: PUBLISHES },
  "every process": {
    "trace collector": {
      spans: {
        ...HTTP,
        tryMs: 3000,
        totalMs: 3000,
        attempts: 4,
        backoff: { firstMs: 250, maxMs: 1000, jitter: "full" },
        bulkhead: 8,
        breaker: { none: "spans go in batches, one at a time, and what does not fit is lost and counted" },
        criticality: "sheddable",
        builtWhen: "OTEL_EXPORTER_OTLP_ENDPOINT names a collector",
      },
    },
  },
  "operator's commands": { mariadb: { statements: work({ bulkhead: 1 }) } },
  migrations: { mariadb: { statements: work({ bulkhead: 2 }) } },
  dlq: { kafka: onDemand(CONSUMES) },
  "kafka-topics": { kafka: onDemand(CONSUMES) },
} as const satisfies Rows);

export type Caller = keyof typeof DEPENDENCIES;
/** @throws Error for a process that the table gives no database */
export function databaseOf(caller: string): Dependency {
  const rows = (DEPENDENCIES as unknown as Readonly<Record<string, { readonly mariadb?: typeof STATEMENTS }>>)[caller];
  if (!rows?.mariadb) throw new Error(`the dependency table gives ${caller} no database: ${FILE}`);
  return rows.mariadb.statements as Dependency;
}

/** What a process with events is built from. `consumer` and `admin`: of those that consume. */
export interface KafkaDependencies {
  readonly producer: Dependency;
  readonly probe: Dependency;
  readonly consumer?: Dependency;
  readonly admin?: Dependency;
}

/** @throws Error for a process that the table gives no Kafka */
export function kafkaOf(caller: string): KafkaDependencies {
  const rows = (DEPENDENCIES as unknown as Readonly<Record<string, { readonly kafka?: KafkaDependencies }>>)[caller];
  if (!rows?.kafka) throw new Error(`the dependency table gives ${caller} no Kafka: ${FILE}`);
  return rows.kafka;
}

export function dependencyRows(): Dependency[] {
  return Object.values(DEPENDENCIES).flatMap((callees) =>
    Object.values(callees as Readonly<Record<string, Readonly<Record<string, Dependency>>>>).flatMap((rows) =>
      Object.values(rows),
    ),
  );
}

function tableOf<const T extends Rows>(raw: T): Table<T> {
  const table: Record<string, Record<string, Record<string, Dependency>>> = {};
  for (const [caller, callees] of Object.entries(raw)) {
    table[caller] = {};
    for (const [callee, classes] of Object.entries(callees)) {
      const rows = Object.entries(classes).map(([methodClass, figures]) => [
        methodClass,
        { caller, callee, methodClass, ...figures },
      ]);
      table[caller][callee] = Object.fromEntries(rows) as Record<string, Dependency>;
    }
  }
  return table as unknown as Table<T>;
}

function onDemand(rows: typeof CONSUMES): typeof CONSUMES {
  const builtWhen = "somebody runs it";
  return Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, { ...row, builtWhen }]),
  ) as typeof CONSUMES;
}

/** The process is about to end: what is not stored by then is lost. */
function watchdog(figures: Figures): Figures {
  const builtWhen = "a step of a match does not return; in a thread of its own, whose clients are not counted";
  return { ...figures, tryMs: 500, totalMs: 500, attempts: 2, bulkhead: 4, builtWhen };
}

/** Somebody waits for it, and it may rebuild a large table. */
function work(figures: Partial<Figures>): Figures {
  return { ...DATABASE, tryMs: 600_000, totalMs: Infinity, builtWhen: "somebody runs it", ...figures };
}
