import type { Logger } from "@muster/log";
import { DEPENDENCIES } from "@muster/resilience";
import { createDatabase, poolFigures } from "./database.ts";
import { reasonOf } from "./errors.ts";
import { migrate, type Migrations } from "./migrations.ts";

/** What a service's migrate.ts does: migrates its database and ends; exit code 1 when one fails, with the reason in the log. */
export async function migrateAndEnd(
  options: { readonly url: string; readonly acquireTimeoutMs: number; readonly log: Logger },
  migrations: Migrations,
): Promise<void> {
  const { url, acquireTimeoutMs, log } = options;
  const database = createDatabase({
    url,
    dependency: poolFigures(DEPENDENCIES.migrations.mariadb.statements, { dbAcquireTimeoutMs: acquireTimeoutMs }),
  });
  try {
    await migrate(database.db, migrations, log);
  } catch (err) {
    log.fatal({ reason: reasonOf(err), err }, "the migration failed");
    process.exitCode = 1;
  } finally {
    await database.stop();
  }
}
