import { addAuditSeals, type AuditTables, isAuditLogEmpty, type Sealer, sealLogOfBefore } from "@muster/audit";
import { type Migration, type Migrations, statement } from "@muster/db";
import {
  addRecordToOutbox,
  addSlotToOutbox,
  createOutbox,
  createOutboxRelays,
  createOutboxSlots,
} from "@muster/events";
import { type Kysely, sql } from "kysely";
import { renewSkeletons } from "./look-alikes.ts";
import { refoldNameKeys } from "./name-keys.ts";
import { backfillSkeletons } from "./name-skeletons.ts";

const SEAL_AUDIT_LOG = "20261127T1401-seal-audit-log";

/** One statement each, safe to run again; listed by hand, so that the order is what a reader sees. */
export const migrations: Migrations = {
  "20261123T2200-create-accounts": statement(sql`
    create table if not exists accounts (
      id uuid not null primary key,
      name varchar(32) not null,
      name_key varchar(32) character set ascii collate ascii_bin not null,
      kind enum('registered', 'guest') not null,
      created_at datetime(6) not null default (utc_timestamp(6)),
      unique key accounts_name_key (name_key)
    ) engine = InnoDB`),
  "20261123T2201-create-credentials": statement(sql`
    create table if not exists credentials (
      account_id uuid not null primary key references accounts (id),
      password_phc varchar(255) character set ascii collate ascii_bin not null,
      updated_at datetime(6) not null default (utc_timestamp(6))
    ) engine = InnoDB`),
  "20261123T2202-create-guest-devices": statement(sql`
    create table if not exists guest_devices (
      key_hash binary(32) not null primary key,
      account_id uuid not null references accounts (id),
      created_at datetime(6) not null default (utc_timestamp(6))
    ) engine = InnoDB`),
  "20261123T2203-create-token-families": statement(sql`
    create table if not exists token_families (
      id uuid not null primary key,
      account_id uuid not null references accounts (id),
      device_label varchar(64) not null,
      created_at datetime(6) not null default (utc_timestamp(6)),
      expires_at datetime(6) not null,
      revoked_at datetime(6) null,
      revoke_reason enum('logged_out', 'reused') null,
      key token_families_by_account (account_id, created_at)
    ) engine = InnoDB`),
  "20261123T2204-create-refresh-tokens": statement(sql`
    create table if not exists refresh_tokens (
      token_hash binary(32) not null primary key,
      family_id uuid not null references token_families (id),
      created_at datetime(6) not null default (utc_timestamp(6)),
      expires_at datetime(6) not null,
      rotated_at datetime(6) null,
      key refresh_tokens_by_family (family_id)
    ) engine = InnoDB`),
  "20261123T2205-create-signing-keys": statement(sql`
    create table if not exists signing_keys (
      kid varchar(64) character set ascii collate ascii_bin not null primary key,
      state enum('pending', 'active', 'retiring', 'removed') not null,
      active_slot tinyint null,
      public_jwk varchar(512) not null,
      private_sealed varbinary(1024) not null,
      created_at datetime(6) not null default (utc_timestamp(6)),
      unique key signing_keys_active_slot (active_slot)
    ) engine = InnoDB`),
  "20261124T0100-accounts-add-name-skeleton": statement(sql`
    alter table accounts
      modify name varchar(32) not null,
      modify name_key varchar(64) character set utf8mb4 collate utf8mb4_bin not null,
      add column if not exists name_skeleton varchar(255) character set utf8mb4 collate utf8mb4_bin null after name_key`),
  "20261124T0101-accounts-fill-name-skeleton": { up: backfillSkeletons },
  "20261124T0102-accounts-unique-name-skeleton": statement(sql`
    alter table accounts add unique key if not exists accounts_name_skeleton (name_skeleton)`),
  "20261124T0103-accounts-add-role-and-ban": statement(sql`
    alter table accounts
      add column if not exists role enum('player', 'moderator', 'admin') not null default 'player' after kind,
      add column if not exists banned_until datetime(6) null after role,
      add column if not exists ban_reason varchar(256) null after banned_until,
      add column if not exists updated_at datetime(6) not null default current_timestamp(6)
        on update current_timestamp(6)`),
  "20261124T0104-token-families-add-device": statement(sql`
    alter table token_families
      modify revoke_reason
        enum('logged_out', 'reused', 'replaced', 'revoked', 'password_changed', 'banned', 'too_many') null,
      add column if not exists device_key binary(32) null after device_label,
      add key if not exists token_families_by_device (account_id, device_key),
      add key if not exists token_families_by_expiry (expires_at)`),
  "20261124T0105-refresh-tokens-by-expiry": statement(sql`
    alter table refresh_tokens add key if not exists refresh_tokens_by_expiry (expires_at)`),
  "20261124T0106-signing-keys-add-state-since": statement(sql`
    alter table signing_keys
      add column if not exists state_since datetime(6) not null default (utc_timestamp(6)) after private_sealed`),
  "20261124T0107-create-revocations": statement(sql`
    create table if not exists revocations (
      position bigint unsigned not null auto_increment primary key,
      subject_kind enum('family', 'player') not null,
      subject_id uuid not null,
      revoked_at datetime(6) not null,
      expires_at datetime(6) not null,
      key revocations_by_expiry (expires_at)
    ) engine = InnoDB`),
  "20261124T0108-create-login-failures": statement(sql`
    create table if not exists login_failures (
      subject binary(32) not null primary key,
      failures int unsigned not null,
      last_failed_at datetime(6) not null,
      blocked_until datetime(6) not null,
      key login_failures_by_time (last_failed_at)
    ) engine = InnoDB`),
  "20261124T0109-create-audit-log": statement(sql`
    create table if not exists audit_log (
      position int unsigned not null primary key,
      at datetime(6) not null,
      actor varchar(36) character set ascii collate ascii_bin not null,
      action varchar(32) character set ascii collate ascii_bin not null,
      target varchar(64) character set ascii collate ascii_bin not null,
      reason varchar(256) not null,
      trace_id char(32) character set ascii collate ascii_bin not null,
      previous_hash binary(32) not null,
      hash binary(32) not null
    ) engine = InnoDB`),
  // The chain starts here; every appender locks the last row, so there has to be a first.
  "20261124T0110-audit-log-first-entry": statement(sql`
    insert ignore into audit_log
    values (0, '2026-11-24 00:00:00', 'system', 'chain_started', '', '', repeat('0', 32), repeat(char(0), 32), repeat(char(0), 32))`),
  // Compared as they are: a collation that pads makes "x" and "x " one name for look-ups and two for everything else.
  "20261126T1250-accounts-name-keys-nopad": statement(sql`
    alter table accounts
      modify name_key varchar(64) character set utf8mb4 collate utf8mb4_nopad_bin not null,
      modify name_skeleton varchar(255) character set utf8mb4 collate utf8mb4_nopad_bin null`),
  "20261126T1251-create-spent-challenges": statement(sql`
    create table if not exists spent_challenges (
      nonce binary(16) not null primary key,
      expires_at datetime(6) not null,
      key spent_challenges_by_expiry (expires_at)
    ) engine = InnoDB`),
  "20261126T1317-accounts-refold-name-keys": { up: refoldNameKeys },
  "20261127T0640-refresh-tokens-add-late-run": statement(sql`
    alter table refresh_tokens add column if not exists late_run tinyint unsigned not null default 0`),
  "20261127T0706-accounts-renew-name-skeletons": { up: renewSkeletons },
  // What has ended is kept for months: who is looked for is open, so that no number of ended ones makes a log-in dearer.
  "20261127T1140-token-families-by-what-is-open": statement(sql`
    alter table token_families
      add key if not exists token_families_open (account_id, revoked_at, created_at),
      add key if not exists token_families_open_of_device (account_id, device_key, revoked_at),
      drop key if exists token_families_by_account,
      drop key if exists token_families_by_device`),
  "20261127T1141-refresh-tokens-by-newest": statement(sql`
    alter table refresh_tokens
      add key if not exists refresh_tokens_newest (family_id, created_at),
      drop key if exists refresh_tokens_by_family`),
  "20261127T1400-audit-log-add-seals": statement(addAuditSeals),
  [SEAL_AUDIT_LOG]: { up: sealedBy(undefined) },
  "20261127T2200-create-outbox": createOutbox,
  "20261127T2201-add-slot-to-outbox": addSlotToOutbox,
  "20261127T2202-create-outbox-slots": createOutboxSlots,
  "20261127T2203-create-outbox-relays": createOutboxRelays,
  "20261127T2210-outbox-add-record": addRecordToOutbox,
  "20261128T0315-create-reports": statement(sql`
    create table if not exists reports (
      id uuid not null primary key,
      reporter_id uuid not null,
      player_id uuid not null,
      category enum('cheating', 'harassment', 'spam', 'name', 'other') not null,
      comment varchar(500) not null,
      match_id uuid null,
      channel_id uuid null,
      message_seq bigint unsigned null,
      message_body varchar(2000) null,
      created_at datetime(6) not null,
      decided boolean not null default false,
      decision enum('upheld', 'dismissed') null,
      decided_by uuid null,
      decided_at datetime(6) null,
      decided_why varchar(256) null,
      key reports_newest (decided, created_at, id),
      key reports_of_player (player_id, decided, created_at, id),
      key reports_by_reporter (reporter_id, created_at)
    ) engine = InnoDB`),
  "20261128T1300-create-idempotency-keys": statement(sql`
    create table if not exists idempotency_keys (
      player_id uuid not null,
      operation varchar(64) character set ascii collate ascii_bin not null,
      idempotency_key varchar(128) character set ascii collate ascii_bin not null,
      request_hash binary(32) not null,
      holder uuid not null,
      held_until datetime(6) not null,
      status smallint unsigned null,
      body mediumtext null,
      expires_at datetime(6) not null,
      primary key (player_id, operation, idempotency_key),
      key idempotency_keys_by_expiry (expires_at)
    ) engine = InnoDB`),
  "20261128T1320-idempotency-keys-compare-unpadded": statement(sql`
    alter table idempotency_keys
      modify operation varchar(64) character set ascii collate ascii_nopad_bin not null,
      modify idempotency_key varchar(128) character set ascii collate ascii_nopad_bin not null`),
};

/** For a database in use: what its audit log says already gets its seals. */
export function migrationsWith(sealer: Sealer): Migrations {
  return { ...migrations, [SEAL_AUDIT_LOG]: { up: sealedBy(sealer) } };
}

function sealedBy(sealer: Sealer | undefined): Migration["up"] {
  return async (database) => {
    const db = database as Kysely<AuditTables>;
    if (sealer) await sealLogOfBefore(db, sealer, new Date());
    else if (!(await isAuditLogEmpty(db)))
      throw new Error("the audit log has entries, and there is no key to seal them with");
  };
}
