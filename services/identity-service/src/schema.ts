import type { Generated, Selectable } from "kysely";

/** Tables of identity-service. Ids are UUIDv7 as text, times UTC with microseconds. */
export interface Tables {
  accounts: AccountsTable;
  credentials: CredentialsTable;
  guest_devices: GuestDevicesTable;
  token_families: TokenFamiliesTable;
  refresh_tokens: RefreshTokensTable;
  signing_keys: SigningKeysTable;
}

export interface AccountsTable {
  id: string;
  /** As the player wrote it. */
  name: string;
  /** What makes it unique: lower case. */
  name_key: string;
  kind: "registered" | "guest";
  created_at: Generated<Date>;
}

export interface CredentialsTable {
  account_id: string;
  /** PHC string: $argon2id$v=19$m=…,t=…,p=…$salt$hash. */
  password_phc: string;
  updated_at: Generated<Date>;
}

export interface GuestDevicesTable {
  /** SHA-256 of the device key. */
  key_hash: Buffer;
  account_id: string;
  created_at: Generated<Date>;
}

export interface TokenFamiliesTable {
  /** One per log-in on a device; every refresh token of that log-in belongs to it. */
  id: string;
  account_id: string;
  device_label: string;
  created_at: Generated<Date>;
  /** No rotation lives past this. */
  expires_at: Date;
  revoked_at: Date | null;
  revoke_reason: "logged_out" | "reused" | null;
}

export interface RefreshTokensTable {
  /** SHA-256 of the token. */
  token_hash: Buffer;
  family_id: string;
  created_at: Generated<Date>;
  expires_at: Date;
  /** Set when it was exchanged; a second exchange is reuse. */
  rotated_at: Date | null;
}

export interface SigningKeysTable {
  kid: string;
  /** pending: published, not signing. active: signs. retiring: still verifies. removed: neither. */
  state: "pending" | "active" | "retiring" | "removed";
  /** 1 while active, else NULL: unique, so there is never a second active key. */
  active_slot: number | null;
  public_jwk: string;
  /** Private JWK, AES-256-GCM under IDENTITY_KEY_ENCRYPTION_KEY: nonce (12) · tag (16) · ciphertext; the kid is bound in. */
  private_sealed: Buffer;
  created_at: Generated<Date>;
}

export type Account = Selectable<AccountsTable>;
