import { configOrExit } from "@muster/config";
import { migrateAndEnd } from "@muster/db";
import { createLogger } from "@muster/log";
import { readDatabaseConfig } from "./config.ts";
import { migrations } from "./migrations/index.ts";

const config = configOrExit("match-service migrate", () => readDatabaseConfig(process.env));
const log = createLogger("match-service migrate", config.logLevel);
await migrateAndEnd({ url: config.matchDbUrl, acquireTimeoutMs: config.dbAcquireTimeoutMs, log }, migrations);
