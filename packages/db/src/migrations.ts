// Migrations: a name and one DDL statement each, safe to run again, because MariaDB commits DDL by itself and a
// half-done migration is the normal failure. Run by a service's migrate.ts, never by the service.
import type { Logger } from "@muster/log";
import type { Kysely } from "kysely";
import { Migrator } from "kysely/migration";

export interface Migration {
  up(db: Kysely<unknown>): Promise<void>;
}

/** By name, timestamp first, listed by hand. */
export type Migrations = Readonly<Record<string, Migration>>;

/** @throws the error of the first migration that fails; those before it stay done. */
export async function migrate(db: Kysely<never> | Kysely<unknown>, migrations: Migrations, log?: Logger): Promise<void> {
  const { error, results = [] } = await migratorFor(db as Kysely<unknown>, migrations).migrateToLatest();
  for (const result of results) log?.info({ migration: result.migrationName, status: result.status }, "migration");
  if (error) throw error instanceof Error ? error : new Error(JSON.stringify(error));
}

/** @throws Error naming what is missing: a service never runs on a schema that it does not know. */
export async function assertMigrated(db: Kysely<never> | Kysely<unknown>, migrations: Migrations): Promise<void> {
  const known = await migratorFor(db as Kysely<unknown>, migrations).getMigrations();
  const missing = known.filter((m) => m.executedAt === undefined).map((m) => m.name);
  if (missing.length > 0) throw new Error(`the database lacks ${missing.length} migration(s), run migrate.ts first: ${missing.join(", ")}`);
}

function migratorFor(db: Kysely<unknown>, migrations: Migrations): Migrator {
  return new Migrator({ db, provider: { getMigrations: async () => migrations } });
}
