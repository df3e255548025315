import { type Generated, sql } from "kysely";

/** Append-only. What a service's own table has to look like; with `createAuditTable` or `addAuditSeals` among its migrations it does. */
export interface AuditLogTable {
  /** From 1, without gaps. 0 is where the chain starts: it says nothing, has a hash of zeros and no seal. */
  position: number;
  at: Date;
  /** UUID of the account, operator (command line) or system. */
  actor: string;
  action: string;
  target: string;
  reason: string;
  trace_id: string;
  /** Of the entry before. */
  previous_hash: Buffer;
  /** SHA-256 over `previous_hash` and what the entry says. */
  hash: Buffer;
  /** Which key made the seal; derived from it, no secret. NULL: there is no seal, as with entries of a release without seals. */
  key_id: Generated<string | null>;
  /** HMAC-SHA-256 over `hash`. */
  seal: Generated<Buffer | null>;
}

/** What a service's own tables have to include. */
export interface AuditTables {
  audit_log: AuditLogTable;
}

// What follows are migrations that databases have behind them: another column is another statement, beside these.

export const createAuditTable = sql`
    create table if not exists audit_log (
      position int unsigned not null primary key,
      at datetime(6) not null,
      actor varchar(36) character set ascii collate ascii_bin not null,
      action varchar(32) character set ascii collate ascii_bin not null,
      target varchar(64) character set ascii collate ascii_bin not null,
      reason varchar(256) not null,
      trace_id char(32) character set ascii collate ascii_bin not null,
      previous_hash binary(32) not null,
      hash binary(32) not null,
      key_id char(16) character set ascii collate ascii_bin null,
      seal binary(32) null
    ) engine = InnoDB`;

/** For a table from before seals. The release before goes on inserting without these columns. */
export const addAuditSeals = sql`
    alter table audit_log
      add column if not exists key_id char(16) character set ascii collate ascii_bin null,
      add column if not exists seal binary(32) null`;

/** For a log whose targets are two ids. */
export const widenAuditTarget = sql`
    alter table audit_log modify target varchar(80) character set ascii collate ascii_bin not null`;

/** Every appender locks it, so it has to be there. */
export const insertFirstEntry = sql`
    insert ignore into audit_log (position, at, actor, action, target, reason, trace_id, previous_hash, hash)
    values (0, '2026-11-24 00:00:00', 'system', 'chain_started', '', '', repeat('0', 32), repeat(char(0), 32), repeat(char(0), 32))`;
