// The tables of a consumer, in its service's own database: what it has applied, and what waits behind an event that cannot be applied yet.
import { type Migration, statement } from "@muster/db";
import { type Generated, sql } from "kysely";

export interface ConsumerTables {
  inbox: InboxTable;
  parked_events: ParkedEventsTable;
}

/** One row for each event that a consumer has applied. */
export interface InboxTable {
  consumer: string;
  event_id: string;
  processed_at: Generated<Date>;
}

/** Events of parked keys, in the order in which they are to be applied. */
export interface ParkedEventsTable {
  position: Generated<bigint>;
  consumer: string;
  event_id: string;
  /** The record as it came: where it was, its key, headers and value. */
  topic: string;
  partition: number;
  record_offset: bigint;
  partition_key: string;
  /** JSON. */
  headers: string;
  value: Buffer;
  /** `dead`: it is in the DLQ, and holds its key until an operator has it replayed or discarded. */
  state: "parked" | "dead";
  /** Those that were made, in place and from here. */
  attempts: number;
  /** By the server's clock, UTC. */
  next_attempt_at: Date;
  first_failed_at: Date | null;
  /** Of the last attempt; empty for an event that only waits behind another one. */
  last_error: string;
}

export interface LetterOrderTables {
  letter_orders: LetterOrdersTable;
}

/** One row for each letter that was ordered to be handled: its last order. */
export interface LetterOrdersTable {
  /** Orders are carried out in this order. */
  position: Generated<bigint>;
  consumer: string;
  letter_offset: bigint;
  handling: "replayed" | "discarded";
  actor: string;
  why: string;
  ordered_at: Date;
  /** JSON: the letter's record without its value; empty once it is done. */
  record: string;
  value: Buffer;
  /** Who carries it out, until when; both null while nobody does. */
  taken_by: string | null;
  taken_until: Date | null;
  done_at: Date | null;
  /** Why it could not be carried out: the letter is open as before. */
  problem: string;
}

export const createInbox: Migration = statement(sql`
  create table if not exists inbox (
    consumer varchar(64) not null,
    event_id uuid not null,
    processed_at datetime(6) not null default (utc_timestamp(6)),
    primary key (consumer, event_id),
    key inbox_by_age (processed_at)
  ) engine = InnoDB`);

export const createParkedEvents: Migration = statement(sql`
  create table if not exists parked_events (
    position bigint not null auto_increment primary key,
    consumer varchar(64) not null,
    event_id uuid not null,
    topic varchar(249) not null,
    \`partition\` int unsigned not null,
    record_offset bigint unsigned not null,
    partition_key varchar(64) not null,
    headers text not null check (json_valid(headers)),
    value mediumblob not null,
    state enum('parked', 'dead') not null,
    attempts int unsigned not null,
    next_attempt_at datetime(6) not null,
    first_failed_at datetime(6) null,
    last_error varchar(512) not null,
    unique key parked_events_once (consumer, event_id),
    key parked_events_by_key (consumer, topic, partition_key, position)
  ) engine = InnoDB`);

export const createLetterOrders: Migration = statement(sql`
  create table if not exists letter_orders (
    position bigint not null auto_increment primary key,
    consumer varchar(64) not null,
    letter_offset bigint unsigned not null,
    handling enum('replayed', 'discarded') not null,
    actor varchar(64) not null,
    why varchar(256) not null,
    ordered_at datetime(3) not null,
    record mediumtext not null,
    value mediumblob not null,
    taken_by varchar(64) null,
    taken_until datetime(6) null,
    done_at datetime(6) null,
    problem varchar(512) not null default '',
    unique key letter_orders_once (consumer, letter_offset),
    key letter_orders_waiting (consumer, done_at, position)
  ) engine = InnoDB`);
