import { createDatabase, migrate } from "@muster/db";
import { createLogger } from "@muster/log";
import { readConfig } from "./config.ts";
import { migrations } from "./migrations/index.ts";

const config = readConfig(process.env);
const log = createLogger("chat-service migrate", config.logLevel);
const database = createDatabase({
  url: config.chatDbUrl,
  poolMax: 2,
  acquireTimeoutMs: config.dbAcquireTimeoutMs,
  statementTimeoutMs: 600_000,
});
try {
  await migrate(database.db, migrations, log);
} finally {
  await database.stop();
}
