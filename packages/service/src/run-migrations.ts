import { configOrExit } from "@muster/config";
import { migrateAndEnd, type Migrations } from "@muster/db";
import { createLogger } from "@muster/log";
import type { DatabaseConfiguration } from "./database-fields.ts";

/** What a service's migrate.ts does: see migrateAndEnd. Of the service it loads and asks for what is the database's alone. */
export async function runMigrations(
  service: string,
  configuration: DatabaseConfiguration<unknown>,
  migrations: Migrations,
): Promise<void> {
  const name = `${service} migrate`;
  const config = configOrExit(name, () => configuration.readDatabase(process.env));
  const log = createLogger(name, config.logLevel);
  await migrateAndEnd({ url: config.dbUrl, acquireTimeoutMs: config.dbAcquireTimeoutMs, log }, migrations);
}
