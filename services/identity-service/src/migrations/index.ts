import type { Migration, Migrations } from "@muster/db";
import { type RawBuilder, sql } from "kysely";

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
};

function statement(query: RawBuilder<unknown>): Migration {
  return { up: async (db) => void (await query.execute(db)) };
}
