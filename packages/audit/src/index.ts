// One append-only log per service, for what has to be answered for later: who did what to whom, and why. It is the table `audit_log` in
// the service's own database.
//
// Each entry has a hash over itself and the entry before (SHA-256), and a seal over that hash (HMAC-SHA-256). The hashes hold the
// entries together; the seal is what somebody who can write to the table, but has no key, cannot make. What that proves and what not:
// design/backend/v2.0-identity.md.
//
// A service has the migrations of `table.ts`, an `AuditLog` that its transactions append to, an `AuditWatch` among its components, and
// commands for its operator over `verifyAuditLog`, `sealEntries` and `resealEntries`.
export { type AuditFault, type AuditReport, type PositionRange, verifyAuditLog } from "./verify.ts";
export { auditCommands, auditUsage } from "./commands.ts";
export { type AuditEntry, type AuditHead } from "./entry.ts";
export { type AuditLog, createAuditLog, findAuditHash, isAuditLogEmpty, listAuditEntries } from "./log.ts";
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
