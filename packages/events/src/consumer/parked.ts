// Parked keys: an ordered consumer puts an event that it cannot apply aside, and all later events of its key behind it. Other keys flow on.
import type { Database } from "@muster/db";
import { cut } from "@muster/runtime";
import { type Selectable, type Transaction, sql } from "kysely";
import type { ReceivedRecord } from "../broker/port.ts";
import type { ConsumerTables, ParkedEventsTable } from "./tables.ts";

type Tx = Transaction<ConsumerTables>;
export type ParkedRow = Selectable<ParkedEventsTable>;

const ERROR_CHARS = 512;

/** Locks the key's first event, so that whoever applies parked events does not take the last of them away meanwhile. */
export async function isKeyParked(tx: Tx, consumer: string, { topic, key = "" }: ReceivedRecord): Promise<boolean> {
  const head = await tx
    .selectFrom("parked_events")
    .select("position")
    .where("consumer", "=", consumer)
    .where("topic", "=", topic)
    .where("partition_key", "=", key)
    .orderBy("position")
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
  return head !== undefined;
}

export interface Failure {
  readonly error: string;
  readonly attempts: number;
  readonly nextAttemptInMs: number;
}

/** Behind what its key has already; at most once. Without `failure` it only waits. */
export async function parkEvent(
  tx: Tx,
  consumer: string,
  eventId: string,
  record: ReceivedRecord,
  failure?: Failure,
): Promise<void> {
  const { topic, partition, offset, key = "", headers, value } = record;
  await tx
    .insertInto("parked_events")
    .values({
      consumer,
      event_id: eventId,
      topic,
      partition,
      record_offset: offset,
      partition_key: key,
      headers: JSON.stringify(headers),
      value,
      state: "parked",
      attempts: failure?.attempts ?? 0,
      next_attempt_at: inMs(failure?.nextAttemptInMs ?? 0),
      first_failed_at: failure ? sql`utc_timestamp(6)` : null,
      last_error: failure ? cut(failure.error, ERROR_CHARS) : "",
    })
    .onDuplicateKeyUpdate({ position: sql`position` })
    .execute();
}

/** Of each key the first event, when its time has come. */
export async function listDueHeads(
  db: Database<ConsumerTables>,
  consumer: string,
  limit: number,
): Promise<{ readonly position: bigint }[]> {
  const { rows } = await sql<{ position: bigint }>`
    select head.position from parked_events head
     where head.consumer = ${consumer} and head.state = 'parked' and head.next_attempt_at <= utc_timestamp(6)
       and not exists (
         select 1 from parked_events before_it
          where before_it.consumer = head.consumer and before_it.topic = head.topic
            and before_it.partition_key = head.partition_key and before_it.position < head.position)
     order by head.next_attempt_at limit ${limit}`.execute(db);
  return rows;
}

/** Undefined when another member is at it, or it has gone. */
export async function lockParked(tx: Tx, position: bigint): Promise<ParkedRow | undefined> {
  return tx
    .selectFrom("parked_events")
    .selectAll()
    .where("position", "=", position)
    .where("state", "=", "parked")
    .forUpdate()
    .skipLocked()
    .executeTakeFirst();
}

export async function removeParked(tx: Database<ConsumerTables> | Tx, position: bigint): Promise<void> {
  await tx.deleteFrom("parked_events").where("position", "=", position).execute();
}

export async function nextOfKey(db: Database<ConsumerTables>, row: ParkedRow): Promise<bigint | undefined> {
  const next = await db
    .selectFrom("parked_events")
    .select("position")
    .where("consumer", "=", row.consumer)
    .where("topic", "=", row.topic)
    .where("partition_key", "=", row.partition_key)
    .orderBy("position")
    .limit(1)
    .executeTakeFirst();
  return next?.position;
}

export async function noteParkedFailure(
  db: Database<ConsumerTables>,
  position: bigint,
  { error, attempts, nextAttemptInMs }: Failure,
  state: ParkedRow["state"],
): Promise<void> {
  await db
    .updateTable("parked_events")
    .set({
      state,
      attempts,
      last_error: cut(error, ERROR_CHARS),
      next_attempt_at: inMs(nextAttemptInMs),
      first_failed_at: sql`coalesce(first_failed_at, utc_timestamp(6))`,
    })
    .where("position", "=", position)
    .execute();
}

/** An event that an operator replays is tried at once. @returns whether it is parked here at all */
export async function reviveParked(db: Database<ConsumerTables>, consumer: string, eventId: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable("parked_events")
    .set({ state: "parked", attempts: 0, next_attempt_at: sql`utc_timestamp(6)` })
    .where("consumer", "=", consumer)
    .where("event_id", "=", eventId)
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** At most so many rows are counted: the number is for a graph. */
const COUNTED_MAX = 100_000;

/** Keys whose first event is tried again, and those whose first event waits for an operator. */
export async function countParked(
  db: Database<ConsumerTables>,
  consumer: string,
): Promise<{ readonly retried: number; readonly dead: number }> {
  const { rows } = await sql<{ parked: number; dead: number }>`
    select count(distinct topic, partition_key) as parked, count(case when state = 'dead' then 1 end) as dead
      from (select topic, partition_key, state from parked_events where consumer = ${consumer} limit ${COUNTED_MAX}) as some`.execute(
    db,
  );
  const dead = Number(rows[0]?.dead ?? 0);
  return { retried: Math.max(0, Number(rows[0]?.parked ?? 0) - dead), dead };
}

export function recordOf(row: ParkedRow): ReceivedRecord {
  return {
    topic: row.topic,
    partition: row.partition,
    offset: row.record_offset,
    key: row.partition_key,
    value: row.value,
    headers: JSON.parse(row.headers) as Record<string, string>,
    timestampMs: 0,
  };
}

function inMs(ms: number): ReturnType<typeof sql<Date>> {
  return sql<Date>`utc_timestamp(6) + interval ${Math.round(ms * 1000)} microsecond`;
}
