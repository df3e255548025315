import { createAuditLog, createAuditTable, insertFirstEntry, type Sealer, widenAuditTarget } from "@muster/audit";
import { type Database, type Migration, type Migrations, statement } from "@muster/db";
import { sql } from "kysely";
import type { AuditAction } from "../audit.ts";
import { GLOBAL_CHANNEL_ID } from "../channels.ts";
import { adoptModerationLog } from "../adopt-moderation-log.ts";
import type { Tables } from "../schema.ts";

const ADOPT_MODERATION_LOG = "20261127T1513-adopt-moderation-log";

/** One statement each, safe to run again; listed by hand, so that the order is what a reader sees. */
export const migrations: Migrations = {
  "20261124T0200-create-channels": statement(sql`
    create table if not exists channels (
      id uuid not null primary key,
      kind enum('global', 'match', 'direct', 'room') not null,
      unique_key varchar(128) character set utf8mb4 collate utf8mb4_bin not null,
      name varchar(32) not null,
      is_private tinyint not null,
      owner_id uuid null,
      member_count int unsigned not null,
      last_seq bigint unsigned not null,
      last_change bigint unsigned not null,
      created_at datetime(6) not null,
      unique key channels_unique_key (unique_key),
      key channels_by_owner (owner_id)
    ) engine = InnoDB`),
  "20261124T0201-create-members": statement(sql`
    create table if not exists members (
      channel_id uuid not null,
      player_id uuid not null,
      name varchar(64) not null,
      joined_change bigint unsigned not null,
      last_read_seq bigint unsigned not null,
      joined_at datetime(6) not null,
      primary key (channel_id, player_id),
      key members_by_player (player_id)
    ) engine = InnoDB`),
  "20261124T0202-create-messages": statement(sql`
    create table if not exists messages (
      channel_id uuid not null,
      seq bigint unsigned not null,
      change_no bigint unsigned not null,
      author_id uuid not null,
      author_name varchar(64) not null,
      body varchar(2000) not null,
      client_key varchar(64) character set ascii collate ascii_bin not null,
      sent_at datetime(6) not null,
      edited_at datetime(6) null,
      deleted_at datetime(6) null,
      primary key (channel_id, seq),
      unique key messages_by_change (channel_id, change_no),
      unique key messages_by_client_key (channel_id, author_id, client_key)
    ) engine = InnoDB`),
  "20261124T0203-create-mutes": statement(sql`
    create table if not exists mutes (
      channel_id uuid not null,
      player_id uuid not null,
      until datetime(6) not null,
      reason varchar(256) not null,
      primary key (player_id, channel_id)
    ) engine = InnoDB`),
  "20261124T0204-create-blocks": statement(sql`
    create table if not exists blocks (
      player_id uuid not null,
      blocked_id uuid not null,
      created_at datetime(6) not null,
      primary key (player_id, blocked_id)
    ) engine = InnoDB`),
  "20261124T0205-create-senders": statement(sql`
    create table if not exists senders (
      player_id uuid not null primary key,
      next_at datetime(6) not null
    ) engine = InnoDB`),
  "20261124T0206-create-changes": statement(sql`
    create table if not exists changes (
      position bigint unsigned not null auto_increment primary key,
      channel_id uuid null,
      player_id uuid null,
      created_at datetime(6) not null,
      key changes_by_time (created_at)
    ) engine = InnoDB`),
  "20261124T0207-create-moderation-log": statement(sql`
    create table if not exists moderation_log (
      position bigint unsigned not null auto_increment primary key,
      at datetime(6) not null,
      actor_id uuid not null,
      action enum('message_deleted', 'player_muted', 'player_unmuted', 'member_removed') not null,
      channel_id uuid not null,
      target_id uuid not null,
      reason varchar(256) not null,
      trace_id char(32) character set ascii collate ascii_bin not null
    ) engine = InnoDB`),
  "20261124T0208-the-global-channel": statement(sql`
    insert ignore into channels
      (id, kind, unique_key, name, is_private, owner_id, member_count, last_seq, last_change, created_at)
    values (${GLOBAL_CHANNEL_ID}, 'global', 'global', '', 0, null, 0, 0, 0, utc_timestamp(6))`),
  "20261126T1311-channels-active-at": statement(
    sql`alter table channels add column if not exists active_at datetime(6) not null default utc_timestamp(6)`,
  ),
  "20261126T1312-channels-were-active": statement(sql`
    update channels c set c.active_at = coalesce(
      (select m.sent_at from messages m where m.channel_id = c.id and m.seq = c.last_seq), c.created_at)`),
  "20261126T1313-members-is-hidden": statement(
    sql`alter table members add column if not exists is_hidden tinyint not null default 0`,
  ),
  "20261126T1314-create-direct-limits": statement(sql`
    create table if not exists direct_limits (
      player_id uuid not null,
      side enum('opener', 'target') not null,
      next_at datetime(6) not null,
      primary key (player_id, side),
      key direct_limits_by_time (next_at)
    ) engine = InnoDB`),
  // Ids in capitals made further channels of the same two players: the first one is theirs, where they had none …
  "20261126T1315-directs-by-canonical-ids": statement(sql`
    update ignore channels set unique_key = lower(unique_key)
      where kind = 'direct' and unique_key <> lower(unique_key)
      order by created_at`),
  // … and the others, which nobody can open any more, are hidden.
  "20261126T1316-hide-other-directs": statement(sql`
    update members m join channels c on c.id = m.channel_id
      set m.is_hidden = 1
      where c.kind = 'direct' and c.unique_key <> lower(c.unique_key)`),
  "20261126T1951-create-invitations": statement(sql`
    create table if not exists invitations (
      player_id uuid not null,
      channel_id uuid not null,
      inviter_id uuid not null,
      inviter_name varchar(64) not null,
      is_acquainted tinyint not null,
      state enum('pending', 'declined') not null,
      created_at datetime(6) not null,
      primary key (player_id, channel_id),
      key invitations_by_time (created_at)
    ) engine = InnoDB`),
  "20261126T1952-create-direct-network-limits": statement(sql`
    create table if not exists direct_network_limits (
      player_id uuid not null,
      network_hash char(32) character set ascii collate ascii_bin not null,
      next_at datetime(6) not null,
      primary key (player_id, network_hash),
      key direct_network_limits_by_time (next_at)
    ) engine = InnoDB`),
  "20261127T1510-create-audit-log": statement(createAuditTable),
  "20261127T1511-audit-log-first-entry": statement(insertFirstEntry),
  "20261127T1512-audit-log-widen-target": statement(widenAuditTarget),
  [ADOPT_MODERATION_LOG]: { up: adoptedBy(undefined) },
};

/** For a database in use: what its moderation log says becomes entries of the audit log. */
export function migrationsWith(sealer: Sealer): Migrations {
  return { ...migrations, [ADOPT_MODERATION_LOG]: { up: adoptedBy(sealer) } };
}

function adoptedBy(sealer: Sealer | undefined): Migration["up"] {
  return async (database) => {
    const db = database as Database<Tables>;
    if (sealer) await adoptModerationLog(db, createAuditLog<AuditAction>(sealer), () => new Date());
    else if (await db.selectFrom("moderation_log").select("position").limit(1).executeTakeFirst())
      throw new Error("the moderation log has entries, and there is no key to seal them with");
  };
}
