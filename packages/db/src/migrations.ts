// Migrations: each has a name and one DDL statement that is safe to repeat, because MariaDB commits DDL implicitly and a
// half-done migration is the normal failure. A service's migrate.ts runs them, never the service itself.
import type { Logger } from "@muster/log";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { Migrator } from "kysely/migration";
import { isTransient, reasonOf } from "./errors.ts";

export interface Migration {
  up(db: Kysely<unknown>): Promise<void>;
}

/** The usual migration: one statement. */
export function statement(query: RawBuilder<unknown>): Migration {
  return { up: async (db) => void (await query.execute(db)) };
}

/** By name, timestamp first, listed by hand. */
export type Migrations = Readonly<Record<string, Migration>>;

/**
 * Migrations of a newer release are left as they are: the release before runs on what a newer one made.
 * @throws the error of the first migration that fails; those before it stay done.
 */
export async function migrate<T>(db: Kysely<T>, migrations: Migrations, log?: Logger): Promise<void> {
  const newer = await newerMigrations(db, migrations);
  if (newer.length > 0)
    log?.warn({ migrations: newer }, "a newer release has migrated this database; its migrations are left as they are");
  const done = Object.fromEntries(newer.map((name) => [name, DONE_ELSEWHERE]));
  const { error, results = [] } = await migratorFor(db, { ...migrations, ...done }).migrateToLatest();
  for (const result of results) log?.info({ migration: result.migrationName, status: result.status }, "migration");
  if (error) throw error instanceof Error ? error : new Error(JSON.stringify(error));
}

const DONE_ELSEWHERE: Migration = { up: () => Promise.reject(new Error("a migration of a newer release")) };
const NO_SUCH_TABLE = 1146;

/** What was run and is not known here, but comes after all that is. Anything else that is not known is no newer release. */
async function newerMigrations<T>(db: Kysely<T>, migrations: Migrations): Promise<string[]> {
  const last = Object.keys(migrations).toSorted().at(-1) ?? "";
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
    return rows.map(({ name }) => name).filter((name) => !(name in migrations) && name > last);
  } catch (err) {
    if ((err as { errno?: number }).errno === NO_SUCH_TABLE) return [];
    throw err;
  }
}

/** A service never runs on a schema that it does not know. @returns what is missing, undefined when nothing is. */
export async function missingMigrations<T>(db: Kysely<T>, migrations: Migrations): Promise<string | undefined> {
  const known = await migratorFor(db, migrations).getMigrations();
  const missing = known.filter((m) => m.executedAt === undefined).map((m) => m.name);
  return missing.length === 0
    ? undefined
    : `the database lacks ${missing.length} migration(s), run migrate.ts: ${missing.join(", ")}`;
}

const WAIT_EVERY_MS = 250;

/**
 * Waits until the database answers and is migrated: processes start in any order.
 * @throws Error with the last reason after `withinMs`.
 */
export async function waitForSchema<T>(
  db: Kysely<T>,
  migrations: Migrations,
  options: { withinMs: number; log: Logger },
): Promise<void> {
  const deadline = performance.now() + options.withinMs;
  let said = "";
  for (;;) {
    const reason = await whyNotReady(db, migrations);
    if (reason === undefined) {
      const newer = await newerMigrations(db, migrations);
      if (newer.length > 0) options.log.warn({ migrations: newer }, "the database was migrated by a newer release");
      return;
    }
    if (performance.now() > deadline) throw new Error(`no usable database after ${options.withinMs} ms: ${reason}`);
    if (reason !== said) options.log.warn({ reason }, "waiting for the database");
    said = reason;
    await new Promise((resolve) => setTimeout(resolve, WAIT_EVERY_MS));
  }
}

async function whyNotReady<T>(db: Kysely<T>, migrations: Migrations): Promise<string | undefined> {
  try {
    return await missingMigrations(db, migrations);
  } catch (err) {
    if (!isTransient(err)) throw err;
    return reasonOf(err);
  }
}

function migratorFor<T>(db: Kysely<T>, migrations: Migrations): Migrator {
  return new Migrator({ db: db as unknown as Kysely<unknown>, provider: { getMigrations: async () => migrations } });
}
