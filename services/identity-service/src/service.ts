import { DeliveryService } from "@muster/contracts/delivery/v2";
import { createAuditLog, createAuditWatch } from "@muster/audit";
import { IdentityService } from "@muster/contracts/identity/v2";
import { publishEvents } from "@muster/events";
import { measureBounded } from "@muster/runtime";
import { type DatabaseComposition, type DatabaseContext, defineDatabaseService } from "@muster/service/database";
import { AccountQueues } from "./account-queues.ts";
import { type AuditAction, identitySealer } from "./audit.ts";
import { createChallenges } from "./challenges.ts";
import { type Config, configuration } from "./config.ts";
import { measuredKeyRetention, retentionRules } from "./retention.ts";
import { migrations } from "./migrations/index.ts";
import { NetworkQuota } from "./network-quota.ts";
import { createPasswords } from "./passwords.ts";
import { RevocationFeed } from "./revocation-feed.ts";
import { identityRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";
import { createSessions } from "./sessions.ts";
import { createSigningKeys } from "./signing-keys.ts";
import { createThrottle } from "./throttle.ts";

/** What hashes a password waits in queues that are fair to addresses: a limit for all calls would be filled by the first flood. */
const HASHING = (["register", "logIn", "upgradeGuest", "changePassword"] as const).map(
  (name) => IdentityService.method[name],
);
/** Many guests of one network would otherwise fill the list of the moderators, and bury what others report. */
const REPORTS_PER_NETWORK = { burstMax: 60, perMin: 1 };

export const service = defineDatabaseService({ name: "identity-service", configuration, migrations, compose });

function compose(context: DatabaseContext<Config, Tables>): DatabaseComposition {
  const { config, db, now, metrics, log } = context;
  const keys = createSigningKeys({
    db,
    encryptionKey: config.keyEncryptionKey,
    activeForS: config.keyActiveS,
    pendingForS: config.keyPendingS,
    checkEveryMs: config.keyCheckMs,
    now,
    log,
  });
  const passwords = createPasswords(
    {
      logInsMax: config.hashingMax,
      registrationsMax: config.registrationHashingMax,
      waitingMax: config.hashingQueueMax,
    },
    metrics,
  );
  const accountQueues = new AccountQueues();
  const sealer = identitySealer(config.auditKey);
  const audit = createAuditLog<AuditAction>(sealer);
  const sessions = createSessions({
    keys,
    audit,
    accountQueues,
    secret: config.keyEncryptionKey,
    graceS: config.refreshGraceS,
    refreshTtlS: config.refreshTtlS,
    familyTtlS: config.familyTtlS,
    now,
  });
  const throttle = createThrottle({
    freePerAccount: config.loginFreePerAccount,
    freePerAddress: config.loginFreePerAddress,
    delayMaxS: config.loginDelayMaxS,
    challenges: createChallenges(config.keyEncryptionKey, now),
    now,
  });
  const newAccounts = new NetworkQuota({
    code: "too_many_accounts",
    burstMax: config.accountsPerAddressBurst,
    perMin: config.accountsPerAddressPerMin,
    now,
  });
  const newReports = new NetworkQuota({ ...REPORTS_PER_NETWORK, code: "too_many_reports", now });
  measureBounded(metrics, { newAccountNetworks: newAccounts, reportNetworks: newReports });
  const parts = {
    db,
    passwords,
    passwordRules: { charsMin: config.passwordCharsMin },
    reservedNames: config.reservedNames,
    sessions,
    accountQueues,
    throttle,
    newAccounts,
    newReports,
    keys,
    revocationFeed: new RevocationFeed({ db, keys, now }),
    audit,
    now,
  };
  const events = publishEvents(context, { service: "identity-service" });
  return {
    routes: (router) => router.service(IdentityService, identityRpc(parts)).service(DeliveryService, events.delivery),
    quietMethods: [IdentityService.method.getTrust],
    limitedElsewhere: HASHING,
    beforeRpc: [keys, createAuditWatch({ database: db, sealer, metrics, log }), ...events.components],
    waitsFor: events.waitsFor,
    retention: [...retentionRules(db, now, measuredKeyRetention(metrics, now)), ...events.retention],
    ready: { "signing key": () => keys.check() },
  };
}
