// The tables of an outbox: rows of events, committed together with the changes that they report, and the slots in which relays publish
// them. A service has both by listing these migrations among its own.
import { type Database, type Migration, statement } from "@muster/db";
import { type Generated, sql } from "kysely";

/** All events of one key are in one slot, and one relay at a time publishes a slot. The number is for ever: rows say their slot. */
export const SLOTS = 64;

export interface OutboxTables {
  outbox: OutboxTable;
  outbox_slots: OutboxSlotsTable;
  outbox_relays: OutboxRelaysTable;
}

export interface OutboxTable {
  /** Order of insertion: within a key also the order of the commits, because its writers lock the key's own row first. */
  position: Generated<bigint>;
  /** A UUID, usually of version 7: consumers drop repeats by it. */
  event_id: string;
  event_type: string;
  /** Events with the same key stay in order. */
  partition_key: string;
  /** JSON of the event. */
  payload: string;
  traceparent: string;
  created_at: Generated<Date>;
  /** NULL until Kafka has it. */
  published_at: Date | null;
  /** Follows from the key: 0 to SLOTS - 1. */
  slot: Generated<number>;
  /** Where it goes. NULL in rows of a release that knew neither of the two: the relay has them from the registry. */
  topic: Generated<string | null>;
  /** JSON: the record's headers, without those that the other columns say. */
  headers: Generated<string | null>;
}

/** One row per slot: the relay that publishes it, for as long as that one lives. */
export interface OutboxSlotsTable {
  slot: number;
  /** Empty when it is free. */
  owner: string;
  /** Grows with each new lease, and fences what the holder of an earlier one would still write. */
  epoch: number;
}

/** The relays: slots are shared among those that live. */
export interface OutboxRelaysTable {
  owner: string;
  /** By the server's clock, UTC: until then its slots are its own. */
  expires_at: Date;
}

export const createOutbox: Migration = statement(sql`
  create table if not exists outbox (
    position bigint not null auto_increment primary key,
    event_id uuid not null,
    event_type varchar(64) not null,
    partition_key varchar(64) not null,
    payload longtext not null check (json_valid(payload)),
    traceparent varchar(64) not null,
    created_at datetime(6) not null default (utc_timestamp(6)),
    published_at datetime(6) null,
    key outbox_unpublished (published_at, position),
    unique key outbox_event_id (event_id)
  ) engine = InnoDB`);

/** Computed by the server, so that a release that knows no slots writes rows that have one. */
export const addSlotToOutbox: Migration = statement(sql`
  alter table outbox
    add column if not exists slot tinyint unsigned as (crc32(partition_key) % ${sql.lit(SLOTS)}) persistent`);

export const createOutboxSlots: Migration = statement(sql`
  create table if not exists outbox_slots (
    slot tinyint unsigned not null primary key,
    owner varchar(64) not null,
    epoch int unsigned not null
  ) engine = InnoDB
  select seq as slot, '' as owner, 0 as epoch from ${sql.raw(`seq_0_to_${SLOTS - 1}`)}`);

export const createOutboxRelays: Migration = statement(sql`
  create table if not exists outbox_relays (
    owner varchar(64) not null primary key,
    expires_at datetime(6) not null
  ) engine = InnoDB`);

/**
 * All that the relay needs: one of an older release publishes types that it does not know. The release before ignores both columns, and writes
 * rows without them.
 */
export const addRecordToOutbox: Migration = statement(sql`
  alter table outbox
    add column if not exists topic varchar(249) null,
    add column if not exists headers varchar(2048) null check (json_valid(headers))`);

/** As long as topics keep them: what was published can be looked up for as long as it may be replayed. */
const PUBLISHED_DAYS = 7;

/** A retention rule: see packages/service. */
export function deletePublished<Tables extends OutboxTables>(
  db: Database<Tables>,
): (rowsMax: number) => Promise<number> {
  return async (rowsMax) => {
    const { numAffectedRows = 0n } = await sql`
      delete from outbox where published_at < utc_timestamp(6) - interval ${PUBLISHED_DAYS} day
       order by published_at limit ${rowsMax}`.execute(db);
    return Number(numAffectedRows);
  };
}
