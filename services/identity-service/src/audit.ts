// The audit log: what was done to an account, a key or a match, by whom and why.
import { type AuditLog, createSealer, type Sealer, type SealingAction } from "@muster/audit";

export type AuditAction =
  | SealingAction
  | "player_banned"
  | "player_unbanned"
  | "role_set"
  | "password_changed"
  | "device_revoked"
  | "other_devices_revoked"
  | "refresh_token_reused"
  | "key_rotated"
  | "key_revoked"
  | "match_cancel_ordered";

export type Audit = AuditLog<AuditAction>;

/** `keys` as IDENTITY_AUDIT_KEY has them. The name is in every seal: another one would be another log. */
export function identitySealer(keys: string): Sealer {
  return createSealer("identity", keys);
}
