// Every instrument of replay-service. Those of outbox and consumers are in packages/events.
import type { Database } from "@muster/db";
import type { Metrics } from "@muster/runtime";
import { sql } from "kysely";
import { Counter, Gauge, Histogram } from "prom-client";
import type { Outcome } from "./replays.ts";
import type { Tables } from "./schema.ts";

export interface ReplayMetrics {
  judged(outcome: Outcome): void;
  simulated(outcome: Outcome, seconds: number): void;
}

/** At most so many rows are counted: the number is for a graph, and counting more costs more. */
const COUNTED_MAX = 100_000;

/** Names that dashboards and alerts use: they do not change within a major version. */
export function createReplayMetrics(registry: Metrics, db: Database<Tables>, threads: () => number): ReplayMetrics {
  const registers = [registry];
  const verdicts = new Counter({
    name: "replay_verdicts_total",
    help: "Verdicts on matches, by what they rest on",
    labelNames: ["verdict", "reason"],
    registers,
  });
  const duration = new Histogram({
    name: "replay_verification_seconds",
    help: "How long it took to fetch and simulate a match again",
    labelNames: ["verdict"],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers,
  });
  asked(
    registry,
    "replay_verification_backlog",
    `Matches that wait for their verification or are under way; at most ${COUNTED_MAX} are counted`,
    () =>
      numberOf(
        db,
        sql`select count(*) as n from (select 1 from replays where due_at is not null limit ${COUNTED_MAX}) as waiting`,
      ),
  );
  asked(
    registry,
    "replay_verification_oldest_seconds",
    "For how long the oldest match has waited for its verification; 0 when none waits",
    () =>
      numberOf(
        db,
        sql`select timestampdiff(microsecond, due_at, utc_timestamp(6)) / 1e6 as n from replays
      where due_at is not null and due_at <= utc_timestamp(6) order by due_at limit 1`,
      ),
  );
  asked(registry, "replay_suspect_undecided", "Suspect matches on which no operator has decided", () =>
    numberOf(
      db,
      sql`select count(*) as n from (select 1 from replays where verdict = 'suspect' and decision is null limit ${COUNTED_MAX}) as open`,
    ),
  );
  asked(
    registry,
    "replay_rating_effects_pending",
    "Matches that rating-service has not yet taken out or put back",
    () =>
      numberOf(
        db,
        sql`select count(*) as n from (select 1 from rating_effects where due_at is not null limit ${COUNTED_MAX}) as pending`,
      ),
  );
  new Gauge({
    name: "replay_threads",
    help: "Threads that simulate matches, or wait for one",
    registers,
    collect() {
      this.set(threads());
    },
  });
  for (const [verdict, reason] of [
    ["verified", "same_result"],
    ["suspect", "state_hash_differs"],
    ["unverifiable", "timeout"],
  ] as const)
    verdicts.inc({ verdict, reason }, 0);
  return {
    judged: ({ verdict, reason }) => verdicts.inc({ verdict, reason }),
    simulated: ({ verdict }, seconds) => duration.observe({ verdict }, seconds),
  };
}

/** While the database is away the last value stays. */
function asked(registry: Metrics, name: string, help: string, value: () => Promise<number>): void {
  const gauge: Gauge = new Gauge({
    name,
    help,
    registers: [registry],
    collect: () =>
      value().then(
        (n) => gauge.set(n),
        () => undefined,
      ),
  });
}

async function numberOf(db: Database<Tables>, query: ReturnType<typeof sql>): Promise<number> {
  const { rows } = await query.execute(db);
  return Number((rows as { n: unknown }[])[0]?.n ?? 0);
}
