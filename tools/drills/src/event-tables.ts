// What the drill of the event kit keeps in its database: numbers that producers give out, and effects.
import { type Database, type Migrations, migrate, statement } from "@muster/db";
import {
  addRecordToOutbox,
  addSlotToOutbox,
  type ConsumerTables,
  createInbox,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
  createParkedEvents,
  type OutboxTables,
} from "@muster/events";
import { type Generated, sql } from "kysely";

export interface Tables extends OutboxTables, ConsumerTables {
  /** Of each key its last number: the row that its producers lock. */
  numbers: { event_key: string; n: number };
  effects: { position: Generated<bigint>; event_key: string; n: number; event_id: string };
}

/** What every process of one drill is told. */
export interface EventWorld {
  readonly databaseUrl: string;
  readonly brokers: readonly string[];
  /** Of its topics and its group. */
  readonly prefix: string;
}

export const KEYS = 12;
export const RELAY_LEASE_MS = 1000;
/** The shortest that a broker allows by default. */
export const SESSION_MS = 6000;

const MIGRATIONS: Migrations = {
  "1-outbox": createOutbox,
  "2-slot": addSlotToOutbox,
  "3-slots": createOutboxSlots,
  "4-relays": createOutboxRelays,
  "4-relays-record": addRecordToOutbox,
  "5-inbox": createInbox,
  "6-parked": createParkedEvents,
  "7-numbers": statement(sql`
    create table if not exists numbers (event_key varchar(64) primary key, n int not null) engine = InnoDB
    select concat('key-', seq) as event_key, 0 as n from ${sql.raw(`seq_0_to_${KEYS - 1}`)}`),
  "8-effects": statement(sql`
    create table if not exists effects (
      position bigint not null auto_increment primary key,
      event_key varchar(64) not null,
      n int not null,
      event_id uuid not null
    ) engine = InnoDB`),
};

export async function createTables(db: Database<Tables>): Promise<void> {
  await migrate(db, MIGRATIONS);
}

export function topicsOf(prefix: string): { events: string[]; replay: string; dlq: string; retry: string[] } {
  return { events: [`${prefix}events`], replay: `${prefix}replay`, dlq: `${prefix}dlq`, retry: [] };
}
