// What the metrics show of the tables.
import type { Database } from "@muster/db";
import { type RawBuilder, sql } from "kysely";
import type { Tables } from "../schema.ts";

type Db = Database<Tables>;

/** At most so many rows are counted: the number is for a graph, and counting more costs more. */
export const COUNTED_MAX = 100_000;

/** Verifications that are due or under way. */
export function countWaiting(db: Db): Promise<number> {
  return count(db, sql`replays where due_at is not null`);
}

/** For how long the oldest of them has been due; 0 when none is. */
export function secondsOfOldest(db: Db): Promise<number> {
  return numberOf(
    db,
    sql`select timestampdiff(microsecond, due_at, utc_timestamp(6)) / 1e6 as n from replays
      where due_at is not null and due_at <= utc_timestamp(6) order by due_at limit 1`,
  );
}

export function countUndecided(db: Db): Promise<number> {
  return count(db, sql`replays where verdict = 'suspect' and decision is null`);
}

export function countPendingEffects(db: Db): Promise<number> {
  return count(db, sql`rating_effects where due_at is not null`);
}

function count(db: Db, rows: RawBuilder<unknown>): Promise<number> {
  return numberOf(db, sql`select count(*) as n from (select 1 from ${rows} limit ${COUNTED_MAX}) as counted`);
}

async function numberOf(db: Db, query: RawBuilder<unknown>): Promise<number> {
  const { rows } = await query.execute(db);
  return Number((rows as { n: unknown }[])[0]?.n ?? 0);
}
