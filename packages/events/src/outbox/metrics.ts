import type { Database } from "@muster/db";
import type { Metrics } from "@muster/runtime";
import { sql } from "kysely";
import { Counter, Gauge } from "prom-client";
import type { OutboxTables } from "./table.ts";

export interface RelayMetrics {
  published(events: number): void;
  failed(why: "broker" | "database"): void;
  leased(slots: number, epochMax: number): void;
}

/** At most so many rows are counted: the number is for a graph, and counting more costs more. */
const COUNTED_MAX = 100_000;

/** Names that dashboards and alerts use: they do not change within a major version. */
export function createRelayMetrics<Tables extends OutboxTables>(
  registry: Metrics,
  database: Database<Tables>,
): RelayMetrics {
  const db = database as unknown as Database<OutboxTables>;
  const publish = new Counter({
    name: "relay_publish_total",
    help: "Events that the relay handed to Kafka, and attempts that failed",
    labelNames: ["result"],
    registers: [registry],
  });
  const slots = new Gauge({
    name: "relay_slots",
    help: "Slots of the outbox that this process publishes",
    registers: [registry],
  });
  const epoch = new Gauge({
    name: "relay_lease_epoch",
    help: "Highest epoch of this process's slot leases",
    registers: [registry],
  });
  const oldest = new Gauge({
    name: "outbox_oldest_unpublished_seconds",
    help: "Age of the oldest event that Kafka does not have yet; 0 when it has all",
    registers: [registry],
    collect: () =>
      whenAsked(async () => {
        const { rows } = await sql<{ seconds: number }>`
          select timestampdiff(microsecond, created_at, utc_timestamp(6)) / 1e6 as seconds
            from outbox where published_at is null order by position limit 1`.execute(db);
        oldest.set(Number(rows[0]?.seconds ?? 0));
      }),
  });
  const unpublished = new Gauge({
    name: "outbox_unpublished",
    help: `Events that Kafka does not have yet; at most ${COUNTED_MAX} are counted`,
    registers: [registry],
    collect: () =>
      whenAsked(async () => {
        const { rows } = await sql<{ events: number }>`
          select count(*) as events from
            (select 1 from outbox where published_at is null limit ${COUNTED_MAX}) as waiting`.execute(db);
        unpublished.set(Number(rows[0]?.events ?? 0));
      }),
  });
  for (const result of ["ok", "broker", "database"]) publish.inc({ result }, 0);
  return {
    published: (events) => publish.inc({ result: "ok" }, events),
    failed: (why) => publish.inc({ result: why }),
    leased(count, epochMax) {
      slots.set(count);
      epoch.set(epochMax);
    },
  };
}

/** While the database is away the last value stays: the other metrics are wanted then more than ever. */
async function whenAsked(collect: () => Promise<void>): Promise<void> {
  await collect().catch(() => undefined);
}
