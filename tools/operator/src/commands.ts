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
import { dlq, migrate, run, serviceCommand } from "./programs.ts";

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
    "Finds players by name in any spelling, by the start of the name, or by id; prints id, name, kind, role, and whether the player is banned.",
  ),
  url,
  "log-in": logIn,
  api,
  grant: serviceCommand(
    "identity-service",
    "grant",
    "NAME player|moderator|admin REASON",
    "Gives an account a role, for example to the first admin.",
  ),
  "make-admin": serviceCommand(
    "identity-service",
    "make-admin",
    "NAME",
    "Makes a registered account an admin, for example the first one, who can then use the operator's console.",
  ),
  "revoke-keys": serviceCommand(
    "identity-service",
    "revoke-keys",
    "REASON",
    "Revokes every key that signs access tokens, and creates a new one. Nobody is logged out.",
  ),
  "verify-audit-log": serviceCommand(
    "identity-service",
    "verify-audit-log",
    "[--unsealed-too] [POSITION HASH]",
    "Checks that the audit log is intact and sealed; with POSITION HASH, also that it still has the entry that you wrote down.",
  ),
  "seal-audit-log": serviceCommand(
    "identity-service",
    "seal-audit-log",
    "FROM-TO REASON",
    "Seals entries that verify-audit-log reports as having no seal. Check the entries first.",
  ),
  "reseal-audit-log": serviceCommand(
    "identity-service",
    "reseal-audit-log",
    "REASON",
    "After a change of IDENTITY_AUDIT_KEY: seals again, with the new key, the entries that the old key sealed.",
  ),
  "verify-moderation-log": serviceCommand(
    "chat-service",
    "verify-moderation-log",
    "[--unsealed-too] [POSITION HASH]",
    "The same for chat's moderation log.",
  ),
  "seal-moderation-log": serviceCommand(
    "chat-service",
    "seal-moderation-log",
    "FROM-TO REASON",
    "Seals entries that verify-moderation-log reports as having no seal. Check the entries first.",
  ),
  "reseal-moderation-log": serviceCommand(
    "chat-service",
    "reseal-moderation-log",
    "REASON",
    "After a change of CHAT_AUDIT_KEY: seals again, with the new key, the entries that the old key sealed.",
  ),
  "recompute-ratings": serviceCommand(
    "rating-service",
    "recompute",
    "[--write] [MODE]",
    "Computes all ratings again from the results of matches, and says whether the stored ones are the same; --write stores what it computes.",
  ),
  "suspect-matches": serviceCommand(
    "replay-service",
    "suspects",
    "[--all]",
    "Lists the suspect matches on which nobody has decided: simulating them again has another result. --all: also those that are decided.",
  ),
  "accept-match": serviceCommand(
    "replay-service",
    "accept",
    "MATCH WHY",
    "The result of a suspect match stands: it is put back into the ratings.",
  ),
  "confirm-match": serviceCommand(
    "replay-service",
    "confirm",
    "MATCH WHY",
    "The result of a suspect match is wrong: it stays out of the ratings.",
  ),
  "reverify-matches": serviceCommand(
    "replay-service",
    "reverify",
    "MATCH|REASON",
    "Has a match simulated again, or all that are unverifiable for a reason, such as build_missing once the build is installed.",
  ),
  dlq,
  "publish-results": serviceCommand(
    "match-service",
    "publish-results",
    "[--before TIME]",
    "Publishes all stored results of matches again, for services that have never had them; they drop what they have already.",
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
