import { type Migrations, statement } from "@muster/db";
import {
  addRecordToOutbox,
  addSlotToOutbox,
  createInbox,
  createLetterOrders,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
  createParkedEvents,
} from "@muster/events";
import { sql } from "kysely";

/** One statement each, safe to run again; listed by hand, so that the order is what a reader sees. */
export const migrations: Migrations = {
  "20261127T2210-create-replays": statement(sql`
    create table if not exists replays (
      match_id uuid not null primary key,
      mode varchar(32) character set ascii not null,
      game_id varchar(32) character set ascii not null,
      build_id varchar(64) not null,
      seed int unsigned not null,
      options text null check (json_valid(options)),
      seats text not null check (json_valid(seats)),
      end_reason varchar(64) character set ascii not null,
      ticks int unsigned not null,
      state_hash varchar(8) character set ascii not null,
      created_at datetime(6) not null,
      ended_at datetime(6) not null,
      kept_as enum('ranked', 'unranked', 'suspect') not null,
      log_bytes int unsigned null,
      file_bytes int unsigned null,
      file_hash varchar(43) character set ascii collate ascii_bin null,
      verdict enum('verified', 'suspect', 'unverifiable') null,
      reason varchar(64) character set ascii null,
      detail varchar(512) null,
      verified_at datetime(6) null,
      due_at datetime(6) null,
      claim uuid null,
      attempts int unsigned not null default 0,
      decision enum('accepted', 'confirmed') null,
      decided_at datetime(6) null,
      decided_why varchar(256) null,
      stored_at datetime(6) not null default (utc_timestamp(6)),
      key replays_due (due_at),
      key replays_kept (kept_as, ended_at),
      key replays_by_verdict (verdict, decision, ended_at)
    ) engine = InnoDB`),
  "20261127T2211-create-replay-files": statement(sql`
    create table if not exists replay_files (
      match_id uuid not null primary key,
      content mediumblob not null
    ) engine = InnoDB`),
  "20261127T2212-create-replay-players": statement(sql`
    create table if not exists replay_players (
      player_id uuid not null,
      ended_at datetime(6) not null,
      match_id uuid not null,
      primary key (player_id, ended_at, match_id),
      key replay_players_by_match (match_id)
    ) engine = InnoDB`),
  "20261127T2213-create-rating-effects": statement(sql`
    create table if not exists rating_effects (
      match_id uuid not null primary key,
      wanted enum('excluded', 'included') not null,
      applied enum('excluded', 'included') null,
      why varchar(256) not null,
      due_at datetime(6) null,
      attempts int unsigned not null default 0,
      changed_at datetime(6) not null,
      key rating_effects_due (due_at)
    ) engine = InnoDB`),
  "20261127T2214-create-outbox": createOutbox,
  "20261127T2215-add-slot-to-outbox": addSlotToOutbox,
  "20261127T2216-create-outbox-slots": createOutboxSlots,
  "20261127T2217-create-outbox-relays": createOutboxRelays,
  "20261127T2218-create-inbox": createInbox,
  "20261127T2219-create-parked-events": createParkedEvents,
  "20261127T2220-outbox-add-record": addRecordToOutbox,
  "20261127T2301-replays-add-traceparent": statement(
    sql`alter table replays add column if not exists traceparent varchar(64) character set ascii not null default ''`,
  ),
  "20261128T0316-replays-add-decided-by": statement(
    sql`alter table replays add column if not exists decided_by varchar(36) character set ascii null`,
  ),
  "20261128T0800-create-letter-orders": createLetterOrders,
};
