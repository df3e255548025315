import { configOrExit } from "@muster/config";
import { migrateAndEnd } from "@muster/db";
import { createLogger } from "@muster/log";
import { readDatabaseConfig } from "./config.ts";
import { migrations } from "./migrations/index.ts";

const config = configOrExit("chat-service migrate", () => readDatabaseConfig(process.env));
const log = createLogger("chat-service migrate", config.logLevel);
await migrateAndEnd({ url: config.chatDbUrl, acquireTimeoutMs: config.dbAcquireTimeoutMs, log }, migrations);
