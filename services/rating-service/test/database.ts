// A migrated database of rating-service without the service: nothing happens in it that a test does not do.
import { createDatabase, type Database, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { freshDatabases } from "@muster/testkit";
import { migrations } from "../src/migrations/index.ts";
import type { Tables } from "../src/schema.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database<Tables>;
  readonly url: string;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const url = (await freshDatabases())["rating-service"];
  const part = createDatabase<Tables>({ url, dependency: anyDatabase(12, { waitMs: 5000, statementMs: 10_000 }) });
  await migrate(part.db, migrations);
  return { db: part.db, url, [Symbol.asyncDispose]: () => part.stop() };
}
