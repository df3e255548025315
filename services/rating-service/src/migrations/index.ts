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
  "20261127T1940-create-modes": statement(sql`
    create table if not exists modes (
      mode varchar(32) character set ascii not null primary key
    ) engine = InnoDB`),
  "20261127T1941-create-seasons": statement(sql`
    create table if not exists seasons (
      season int unsigned not null primary key,
      name varchar(64) not null,
      starts_at datetime(3) not null,
      unique key seasons_by_start (starts_at)
    ) engine = InnoDB
    select 1 as season, 'Season 1' as name, cast('1970-01-01' as datetime(3)) as starts_at`),
  "20261127T1942-create-results": statement(sql`
    create table if not exists results (
      match_id char(36) character set ascii collate ascii_bin not null primary key,
      mode varchar(32) character set ascii not null,
      ended_at datetime(3) not null,
      region varchar(32) character set ascii not null,
      participants text not null check (json_valid(participants)),
      rated tinyint not null,
      stored_at datetime(6) not null default (utc_timestamp(6)),
      key results_in_order (mode, rated, ended_at, match_id)
    ) engine = InnoDB`),
  "20261127T1943-create-exclusions": statement(sql`
    create table if not exists exclusions (
      match_id char(36) character set ascii collate ascii_bin not null primary key,
      reason varchar(256) not null,
      excluded_at datetime(6) not null
    ) engine = InnoDB`),
  "20261127T1944-create-rewinds": statement(sql`
    create table if not exists rewinds (
      position bigint not null auto_increment primary key,
      mode varchar(32) character set ascii not null,
      match_id char(36) character set ascii collate ascii_bin not null,
      requested_at datetime(6) not null default (utc_timestamp(6)),
      key rewinds_by_mode (mode)
    ) engine = InnoDB`),
  "20261127T1945-create-heads": statement(sql`
    create table if not exists heads (
      mode varchar(32) character set ascii not null,
      player_id uuid not null,
      season int unsigned not null,
      mu double not null,
      sigma double not null,
      matches int unsigned not null,
      region varchar(32) character set ascii not null,
      reached_at datetime(3) not null,
      ended_at datetime(3) not null,
      match_id char(36) character set ascii collate ascii_bin not null,
      primary key (mode, player_id)
    ) engine = InnoDB`),
  "20261127T1946-create-points": statement(sql`
    create table if not exists points (
      player_id uuid not null,
      mode varchar(32) character set ascii not null,
      ended_at datetime(3) not null,
      match_id char(36) character set ascii collate ascii_bin not null,
      season int unsigned not null,
      mu_before double not null,
      sigma_before double not null,
      mu double not null,
      sigma double not null,
      matches int unsigned not null,
      region varchar(32) character set ascii not null,
      reached_at datetime(3) not null,
      algorithm varchar(64) character set ascii not null,
      primary key (player_id, mode, ended_at, match_id),
      unique key points_by_match (match_id, player_id)
    ) engine = InnoDB`),
  "20261127T1947-create-ratings": statement(sql`
    create table if not exists ratings (
      mode varchar(32) character set ascii not null,
      season int unsigned not null,
      player_id uuid not null,
      mu double not null,
      sigma double not null,
      display int not null,
      matches int unsigned not null,
      region varchar(32) character set ascii not null,
      reached_at datetime(3) not null,
      primary key (mode, season, player_id),
      key ratings_board (mode, season, display desc, reached_at, player_id),
      key ratings_region_board (mode, season, region, display desc, reached_at, player_id)
    ) engine = InnoDB`),
  "20261127T1948-create-board-counts": statement(sql`
    create table if not exists board_counts (
      mode varchar(32) character set ascii not null,
      season int unsigned not null,
      region varchar(32) character set ascii not null,
      display int not null,
      players int not null,
      primary key (mode, season, region, display)
    ) engine = InnoDB`),
  "20261127T1949-create-board-equals": statement(sql`
    create table if not exists board_equals (
      mode varchar(32) character set ascii not null,
      season int unsigned not null,
      region varchar(32) character set ascii not null,
      display int not null,
      bucket int unsigned not null,
      players int not null,
      primary key (mode, season, region, display, bucket)
    ) engine = InnoDB`),
  "20261127T1950-create-board-changes": statement(sql`
    create table if not exists board_changes (
      position bigint not null auto_increment primary key,
      mode varchar(32) character set ascii not null,
      season int unsigned not null,
      region varchar(32) character set ascii not null,
      display int not null,
      bucket int unsigned not null,
      delta int not null
    ) engine = InnoDB`),
  "20261127T1951-create-outbox": createOutbox,
  "20261127T1952-add-slot-to-outbox": addSlotToOutbox,
  "20261127T1953-create-outbox-slots": createOutboxSlots,
  "20261127T1954-create-outbox-relays": createOutboxRelays,
  "20261127T1955-create-inbox": createInbox,
  "20261127T1956-create-parked-events": createParkedEvents,
  "20261127T2210-outbox-add-record": addRecordToOutbox,
  "20261127T2255-create-erasures": statement(sql`
    create table if not exists erasures (
      player_id uuid not null primary key,
      erased_at datetime(3) not null
    ) engine = InnoDB`),
  "20261128T0800-create-letter-orders": createLetterOrders,
};
