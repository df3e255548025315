import { api, logIn, url } from "./api.ts";
import { backup, backupLogs, verifyBackup } from "./backup/backup.ts";
import { binaryLog, restore } from "./backup/restore.ts";
import type { Command } from "./command.ts";
import { databaseUser, dropDatabaseUser } from "./database-users.ts";
import { ingressGateways } from "./ingress-gateways.ts";
import { logs } from "./logs.ts";
import { matches } from "./matches.ts";
import { health, metrics } from "./processes.ts";
import { prometheus } from "./prometheus.ts";
import { migrate, run, serviceCommand } from "./programs.ts";

/** By name, in the order of the usage text. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  health,
  metrics,
  prometheus,
  logs,
  matches,
  player: serviceCommand(
    "identity-service",
    "player",
    "NAME|NAME%|ID",
    "Finds players by the name in any spelling, its beginning, or the id: id, name, kind, role, whether banned.",
  ),
  url,
  "log-in": logIn,
  api,
  grant: serviceCommand(
    "identity-service",
    "grant",
    "NAME player|moderator|admin REASON",
    "Gives an account a role: the first admin.",
  ),
  "revoke-keys": serviceCommand(
    "identity-service",
    "revoke-keys",
    "REASON",
    "Withdraws every key that signs access tokens, and makes another one. Nobody is logged out.",
  ),
  "verify-audit-log": serviceCommand(
    "identity-service",
    "verify-audit-log",
    "[--unsealed-too] [POSITION HASH]",
    "Whether the audit log is intact and sealed; and still has the entry that was noted with that hash.",
  ),
  "seal-audit-log": serviceCommand(
    "identity-service",
    "seal-audit-log",
    "FROM-TO REASON",
    "Seals entries that verify-audit-log names as being without a seal, once you have looked at them.",
  ),
  "reseal-audit-log": serviceCommand(
    "identity-service",
    "reseal-audit-log",
    "REASON",
    "After a change of IDENTITY_AUDIT_KEY: seals with the new key what the old one has sealed.",
  ),
  "verify-moderation-log": serviceCommand(
    "chat-service",
    "verify-audit-log",
    "[--unsealed-too] [POSITION HASH]",
    "The same of chat's moderation log.",
  ),
  "seal-moderation-log": serviceCommand(
    "chat-service",
    "seal-audit-log",
    "FROM-TO REASON",
    "Seals entries that verify-moderation-log names as being without a seal, once you have looked at them.",
  ),
  "reseal-moderation-log": serviceCommand(
    "chat-service",
    "reseal-audit-log",
    "REASON",
    "After a change of CHAT_AUDIT_KEY: seals with the new key what the old one has sealed.",
  ),
  migrate,
  backup,
  "backup-logs": backupLogs,
  "verify-backup": verifyBackup,
  "binary-log": binaryLog,
  restore,
  "database-user": databaseUser,
  "drop-database-user": dropDatabaseUser,
  "ingress-gateways": ingressGateways,
  run,
};
