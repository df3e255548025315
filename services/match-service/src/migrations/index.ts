import { type Migrations, statement } from "@muster/db";
import { addRecordToOutbox, addSlotToOutbox, createOutboxRelays, createOutboxSlots } from "@muster/events";
import { sql } from "kysely";

/** One statement each, safe to run again; listed by hand, so that the order is what a reader sees. */
export const migrations: Migrations = {
  "20261123T2210-create-matches": statement(sql`
    create table if not exists matches (
      id uuid not null primary key,
      mode varchar(32) not null,
      game_id varchar(32) not null,
      build_id varchar(64) not null,
      seed int unsigned not null,
      epoch int unsigned not null,
      shard_id varchar(64) not null,
      state enum('running', 'ended', 'cancelled') not null,
      created_at datetime(6) not null,
      ended_at datetime(6) null,
      end_reason enum('played', 'forfeit') null,
      cancel_reason enum('no_show', 'abandoned', 'fault') null,
      ticks int unsigned not null,
      state_hash char(8) not null
    ) engine = InnoDB`),
  "20261123T2211-create-participants": statement(sql`
    create table if not exists participants (
      match_id uuid not null references matches (id),
      seat tinyint unsigned not null,
      player_id uuid not null,
      player_name varchar(64) not null,
      created_at datetime(6) not null,
      score int null,
      \`rank\` tinyint unsigned null,
      primary key (match_id, seat),
      unique key participants_by_player (player_id, created_at, match_id)
    ) engine = InnoDB`),
  "20261123T2212-create-ratings": statement(sql`
    create table if not exists ratings (
      player_id uuid not null,
      mode varchar(32) not null,
      rating int not null,
      matches int unsigned not null,
      primary key (player_id, mode)
    ) engine = InnoDB`),
  "20261123T2213-create-outbox": statement(sql`
    create table if not exists outbox (
      position bigint not null auto_increment primary key,
      event_id uuid not null,
      event_type enum('match.ended', 'match.cancelled') not null,
      partition_key varchar(64) not null,
      payload longtext not null check (json_valid(payload)),
      traceparent varchar(64) not null,
      created_at datetime(6) not null default (utc_timestamp(6)),
      published_at datetime(6) null,
      key outbox_unpublished (published_at, position),
      unique key outbox_event_id (event_id)
    ) engine = InnoDB`),
  "20261124T0510-add-options-to-matches": statement(sql`
    alter table matches
      add column if not exists options varchar(2048) not null default '{}' check (json_valid(options))`),
  "20261124T0511-create-replays": statement(sql`
    create table if not exists replays (
      match_id uuid not null primary key references matches (id),
      input_log mediumblob not null,
      created_at datetime(6) not null default (utc_timestamp(6))
    ) engine = InnoDB`),
  "20261125T0420-add-bot-to-participants": statement(sql`
    alter table participants
      add column if not exists bot varchar(32) null`),
  "20261126T1321-add-shard-lost-to-cancel-reasons": statement(sql`
    alter table matches
      modify column cancel_reason enum('no_show', 'abandoned', 'fault', 'shard_lost') null`),
  "20261126T1322-create-lease-clock": statement(sql`
    create table if not exists lease_clock (
      id tinyint unsigned not null primary key,
      round int unsigned not null
    ) engine = InnoDB`),
  "20261126T1323-add-lease-to-matches": statement(sql`
    alter table matches
      add column if not exists lease_round int unsigned null,
      add key if not exists matches_by_lease (state, lease_round)`),
  "20261126T1617-add-operator-to-cancel-reasons": statement(sql`
    alter table matches
      modify column cancel_reason enum('no_show', 'abandoned', 'fault', 'shard_lost', 'operator') null`),
  "20261126T1941-add-not-placed-to-cancel-reasons": statement(sql`
    alter table matches
      modify column cancel_reason enum('no_show', 'abandoned', 'fault', 'shard_lost', 'operator', 'not_placed') null`),
  "20261127T2005-add-slot-to-outbox": addSlotToOutbox,
  "20261127T2006-create-outbox-slots": createOutboxSlots,
  "20261127T2007-create-outbox-relays": createOutboxRelays,
  "20261127T2210-outbox-add-record": addRecordToOutbox,
  "20261127T2230-add-team-and-unplayed-to-participants": statement(sql`
    alter table participants
      add column if not exists team tinyint unsigned null,
      add column if not exists unplayed boolean not null default false`),
  "20261128T0225-add-live-keys-to-matches": statement(sql`
    alter table matches
      add key if not exists matches_live (state, created_at, id),
      add key if not exists matches_live_by_mode (state, mode, created_at, id)`),
};
