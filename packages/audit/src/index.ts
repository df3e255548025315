// One append-only log per service for actions that somebody may have to account for: who did what to whom, and why. It is the
// table `audit_log` in the service's own database.
//
// Each entry has a hash over itself and the previous entry (SHA-256), and a seal over that hash (HMAC-SHA-256). The hashes
// chain the entries; somebody who can write to the table but has no key cannot create a seal. design/backend/v2.0-identity.md
// explains what this proves and what it does not.
//
// A service includes the migrations of `table.ts`, an `AuditLog` to which its transactions append, an `AuditWatch` among its
// components, and operator commands for `verifyAuditLog`, `sealEntries` and `resealEntries`.
export { type AuditFault, type AuditReport, type PositionRange, verifyAuditLog } from "./verify.ts";
export { auditCommands, auditUsage } from "./commands.ts";
export { type AuditEntry, type AuditHead } from "./entry.ts";
export { type AuditLog, createAuditLog, findAuditHash, isAuditLogEmpty, listAuditEntries } from "./log.ts";
export { entryMessage } from "./message.ts";
export { resealEntries, sealEntries, sealLogOfBefore, type SealingAction, SealingRefusedError } from "./sealing.ts";
export { createSealer, type Sealer } from "./sealer.ts";
export {
  addAuditSeals,
  type AuditLogTable,
  type AuditTables,
  createAuditTable,
  insertFirstEntry,
  widenAuditTarget,
} from "./table.ts";
export { createAuditWatch } from "./watch.ts";
