import type { Database } from "@muster/db";
import { sql } from "kysely";
import type { OutboxTables } from "../outbox/table.ts";

/** At most so many rows are counted: counting more costs more. */
const COUNTED_MAX = 100_000;

export async function waitingInOutbox(
  db: Database<OutboxTables>,
): Promise<{ readonly waiting: number; readonly oldestMs: number }> {
  const counted = await sql<{ waiting: number }>`
    select count(*) as waiting from (select 1 from outbox where published_at is null limit ${COUNTED_MAX}) as some`.execute(
    db,
  );
  const oldest = await sql<{ ms: number }>`
    select timestampdiff(microsecond, created_at, utc_timestamp(6)) / 1000 as ms
      from outbox where published_at is null order by position limit 1`.execute(db);
  const ms = Math.round(Number(oldest.rows[0]?.ms ?? 0));
  return { waiting: Number(counted.rows[0]?.waiting ?? 0), oldestMs: Math.max(0, ms) };
}
