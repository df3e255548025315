import { createAuditLog, createAuditWatch } from "@muster/audit";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createDatabase, type DbPart, waitForSchema } from "@muster/db";
import { createLogger, type Logger } from "@muster/log";
import { createRpcServer, type RpcServer } from "@muster/rpc";
import { type App, composeProcess, createMetrics, measureBounded } from "@muster/runtime";
import { type AdminServer, createAdminServer } from "@muster/service";
import { AccountTurns } from "./account-turns.ts";
import { type AuditAction, identitySealer } from "./audit.ts";
import { createChallenges } from "./challenges.ts";
import type { Config } from "./config.ts";
import { createHousekeeping } from "./housekeeping.ts";
import { migrations } from "./migrations/index.ts";
import { NewAccounts } from "./new-accounts.ts";
import { createPasswords } from "./passwords.ts";
import { identityRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";
import { createSessions } from "./sessions.ts";
import { createSigningKeys } from "./signing-keys.ts";
import { createThrottle } from "./throttle.ts";

export interface Overrides {
  readonly log?: Logger;
  readonly now?: () => Date;
}

export interface IdentityApp extends App {
  readonly rpc: RpcServer;
  readonly admin: AdminServer;
}

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): IdentityApp {
  const log = overrides.log ?? createLogger("identity-service", config.logLevel);
  const now = overrides.now ?? (() => new Date());
  const metrics = createMetrics("identity-service");
  const database: DbPart<Tables> = createDatabase<Tables>({
    url: config.identityDbUrl,
    poolMax: config.dbPoolMax,
    acquireTimeoutMs: config.dbAcquireTimeoutMs,
    statementTimeoutMs: config.dbStatementTimeoutMs,
  });
  const { db } = database;
  const keys = createSigningKeys({
    db,
    encryptionKey: config.identityKeyEncryptionKey,
    activeForS: config.identityKeyActiveS,
    pendingForS: config.identityKeyPendingS,
    checkEveryMs: config.identityKeyCheckMs,
    now,
    log,
  });
  const passwords = createPasswords({
    logInsMax: config.identityHashingMax,
    registrationsMax: config.identityRegistrationHashingMax,
    waitingMax: config.identityHashingQueueMax,
  });
  const turns = new AccountTurns();
  const audit = createAuditLog<AuditAction>(identitySealer(config.identityAuditKey));
  const sessions = createSessions({
    keys,
    audit,
    turns,
    secret: config.identityKeyEncryptionKey,
    graceS: config.identityRefreshGraceS,
    refreshTtlS: config.identityRefreshTtlS,
    familyTtlS: config.identityFamilyTtlS,
    now,
  });
  const throttle = createThrottle({
    freePerAccount: config.identityLoginFreePerAccount,
    freePerAddress: config.identityLoginFreePerAddress,
    delayMaxS: config.identityLoginDelayMaxS,
    challenges: createChallenges(config.identityKeyEncryptionKey, now),
    now,
  });
  const newAccounts = new NewAccounts({
    burstMax: config.identityAccountsPerAddressBurst,
    perMin: config.identityAccountsPerAddressPerMin,
    now,
  });
  measureBounded(metrics, newAccounts.bounded);
  const parts = {
    db,
    passwords,
    passwordRules: { charsMin: config.identityPasswordCharsMin },
    reservedNames: config.identityReservedNames,
    sessions,
    turns,
    throttle,
    newAccounts,
    keys,
    audit,
    now,
  };
  const rpc = createRpcServer({
    host: config.identityHost,
    port: config.identityGrpcPort,
    routes: (router) => router.service(IdentityService, identityRpc(parts)),
    log,
    metrics,
    quietMethods: [IdentityService.method.getTrust],
  });
  const admin = createAdminServer({
    host: config.identityHost,
    port: config.identityAdminPort,
    metrics,
    log,
    ready: { database: database.check, "signing key": () => keys.check() },
  });
  const schema = { name: "schema", start: () => waitForSchema(db, migrations, { withinMs: config.dbWaitMs, log }) };
  return Object.assign(
    composeProcess(admin, [database, schema, keys, createAuditWatch(db, log), createHousekeeping(db, now, log), rpc]),
    {
      rpc,
      admin,
    },
  );
}
