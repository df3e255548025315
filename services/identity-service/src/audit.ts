// The audit log: what was done to an account, a key or a match, by whom and why.
import { type AuditLog, createSealer, type Sealer, type SealingAction } from "@muster/audit";
import type { OperatorAction } from "@muster/contracts/operations";

export type AuditAction =
  | SealingAction
  | OperatorAction
  | "password_changed"
  | "guest_upgraded"
  | "device_revoked"
  | "other_devices_revoked"
  | "refresh_token_reused";

export type Audit = AuditLog<AuditAction>;

/** `keys` as IDENTITY_AUDIT_KEY has them. The name is in every seal: another one would be another log. */
export function identitySealer(keys: string): Sealer {
  return createSealer("identity", keys);
}
