import { configOrExit } from "@muster/config";
import { migrateAndEnd } from "@muster/db";
import { createLogger } from "@muster/log";
import { identitySealer } from "./audit.ts";
import { readAuditKey, readDatabaseConfig } from "./config.ts";
import { migrationsWith } from "./migrations/index.ts";

const config = configOrExit("identity-service migrate", () => readDatabaseConfig(process.env));
// Before anything is changed: half of the migrations done for want of a key would help nobody.
const sealer = identitySealer(configOrExit("identity-service migrate", () => readAuditKey(process.env)));
const log = createLogger("identity-service migrate", config.logLevel);
await migrateAndEnd(
  { url: config.identityDbUrl, acquireTimeoutMs: config.dbAcquireTimeoutMs, log },
  migrationsWith(sealer),
);
