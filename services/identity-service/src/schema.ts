import type { AuditLogTable } from "@muster/audit";
import type { OutboxRelaysTable, OutboxSlotsTable, OutboxTable } from "@muster/events";
import type {
  AccountKindName,
  ReportCategoryName,
  ReportDecisionName,
  RoleName,
  SigningKeyState,
} from "@muster/contracts/identity/names";
import type { Generated, Selectable } from "kysely";

/** Tables of identity-service. Ids are UUIDs as text (ours are version 7), times UTC with microseconds. */
export interface Tables {
  accounts: AccountsTable;
  credentials: CredentialsTable;
  guest_devices: GuestDevicesTable;
  token_families: TokenFamiliesTable;
  refresh_tokens: RefreshTokensTable;
  signing_keys: SigningKeysTable;
  revocations: RevocationsTable;
  login_failures: LoginFailuresTable;
  spent_challenges: SpentChallengesTable;
  reports: ReportsTable;
  idempotency_keys: IdempotencyKeysTable;
  audit_log: AuditLogTable;
  outbox: OutboxTable;
  outbox_slots: OutboxSlotsTable;
  outbox_relays: OutboxRelaysTable;
}

export interface AccountsTable {
  id: string;
  /** As the player wrote it. */
  name: string;
  /** What makes it unique, and finds it: `nameKeyOf`. */
  name_key: string;
  /** What it looks like (UTS #39 skeleton): unique too. NULL for accounts from before the present rule that collide. */
  name_skeleton: string | null;
  kind: AccountKindName;
  role: Generated<RoleName>;
  /** NULL: not banned. 9999-12-31: for good. */
  banned_until: Date | null;
  ban_reason: string | null;
  created_at: Generated<Date>;
  updated_at: Generated<Date>;
}

export interface CredentialsTable {
  account_id: string;
  /** PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash. */
  password_phc: string;
  /** When the password was set; a hash of the same password that is made anew leaves it. */
  updated_at: Generated<Date>;
}

export interface GuestDevicesTable {
  /** SHA-256 of the device key. */
  key_hash: Buffer;
  account_id: string;
  created_at: Generated<Date>;
}

export const REVOKE_REASONS = [
  "logged_out",
  "reused",
  "replaced",
  "revoked",
  "password_changed",
  "banned",
  "too_many",
] as const;
export type RevokeReason = (typeof REVOKE_REASONS)[number];

export interface TokenFamiliesTable {
  /** One per device that is logged in; every refresh token of that log-in belongs to it. */
  id: string;
  account_id: string;
  device_label: string;
  /** SHA-256 of the device id that the client made; NULL when it sent none. */
  device_key: Buffer | null;
  created_at: Generated<Date>;
  /** No rotation lives past this. */
  expires_at: Date;
  revoked_at: Date | null;
  revoke_reason: RevokeReason | null;
}

export interface RefreshTokensTable {
  /** SHA-256 of the token. */
  token_hash: Buffer;
  family_id: string;
  created_at: Generated<Date>;
  expires_at: Date;
  /** Set when it was exchanged; another exchange is reuse once its successor has been exchanged too. */
  rotated_at: Date | null;
  /** Exchanges on end, up to the one that gave this token, whose answer was asked for again late. */
  late_run: Generated<number>;
}

export interface SigningKeysTable {
  kid: string;
  /** pending: published, not signing. active: signs. retiring: still verifies. removed: neither. */
  state: SigningKeyState;
  /** 1 while active, else NULL: unique, so there is never a second active key. */
  active_slot: number | null;
  public_jwk: string;
  /**
   * Private JWK, AES-256-GCM under IDENTITY_KEY_ENCRYPTION_KEY: nonce (12) · tag (16) · ciphertext; the kid is bound in.
   * Empty once removed.
   */
  private_sealed: Buffer;
  state_since: Generated<Date>;
  created_at: Generated<Date>;
}

export const REVOCATION_SUBJECTS = ["family", "player"] as const;

/** What verifiers must know until the last token that it concerns has ended. */
export interface RevocationsTable {
  /** Order of insertion, not of commit: `Tail` of packages/db. */
  position: Generated<bigint>;
  subject_kind: (typeof REVOCATION_SUBJECTS)[number];
  subject_id: string;
  revoked_at: Date;
  expires_at: Date;
}

export interface LoginFailuresTable {
  /** SHA-256 of the account name (with the device, when known) or of the address. */
  subject: Buffer;
  failures: number;
  last_failed_at: Date;
  /** No attempt before this. */
  blocked_until: Date;
}

/** Challenges that have been solved: each is good for once, and forgotten when it would have ended. */
export interface SpentChallengesTable {
  nonce: Buffer;
  expires_at: Date;
}

/** What players report of others. */
export interface ReportsTable {
  id: string;
  reporter_id: string;
  /** Whom it is about. */
  player_id: string;
  category: ReportCategoryName;
  comment: string;
  match_id: string | null;
  /** With message_seq and message_body: the chat message, as the reporter saw it. */
  channel_id: string | null;
  message_seq: number | null;
  message_body: string | null;
  created_at: Date;
  /** 1 with a decision: what is open is a range of its index. */
  decided: Generated<number>;
  decision: ReportDecisionName | null;
  decided_by: string | null;
  decided_at: Date | null;
  decided_why: string | null;
}

/** REST writes that were sent with an idempotency key, until a day after they came. */
export interface IdempotencyKeysTable {
  player_id: string;
  operation: string;
  idempotency_key: string;
  /** SHA-256. */
  request_hash: Buffer;
  /** The attempt that carries it out, or did. */
  holder: string;
  /** After that, another attempt may. Of no meaning once it is answered. */
  held_until: Date;
  /** NULL: not answered. */
  status: number | null;
  body: string | null;
  expires_at: Date;
}

export type Account = Selectable<AccountsTable>;
