// A migrated database of replay-service without the service: nothing happens in it that a test does not do.
import { type Database, migrate } from "@muster/db";
import { freshDatabases } from "@muster/testkit";
import { migrations } from "../src/migrations/index.ts";
import type { Tables } from "../src/schema.ts";
import { openDatabase } from "./database-url.ts";

export interface TestDatabase extends AsyncDisposable {
  readonly db: Database<Tables>;
  readonly url: string;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const url = (await freshDatabases())["replay-service"];
  const part = openDatabase(url);
  await migrate(part.db, migrations);
  return { db: part.db, url, [Symbol.asyncDispose]: () => part.stop() };
}
