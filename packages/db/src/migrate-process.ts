import type { Logger } from "@muster/log";
import { createDatabase } from "./database.ts";
import { migrate, type Migrations } from "./migrations.ts";

/** A migration may rebuild a large table. */
const STATEMENT_TIMEOUT_MS = 600_000;

/** What a service's migrate.ts does: migrates its database and ends. @throws the error of the first migration that fails */
export async function migrateAndEnd(
  options: { readonly url: string; readonly acquireTimeoutMs: number; readonly log: Logger },
  migrations: Migrations,
): Promise<void> {
  const { url, acquireTimeoutMs, log } = options;
  const database = createDatabase({ url, poolMax: 2, acquireTimeoutMs, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
  try {
    await migrate(database.db, migrations, log);
  } finally {
    await database.stop();
  }
}
