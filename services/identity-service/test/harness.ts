// The real service over a fresh database, for its own tests.
import type { Client } from "@connectrpc/connect";
import { IdentityService } from "@muster/contracts/identity/v2";
import { createDatabase, type Database, migrate } from "@muster/db";
import { createRpcClient } from "@muster/rpc";
import { freshDatabases, LogLines } from "@muster/testkit";
import { createApp, type IdentityApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { migrations } from "../src/migrations/index.ts";
import { sql } from "kysely";
import type { Tables } from "../src/schema.ts";

export interface Harness extends AsyncDisposable {
  readonly call: Client<typeof IdentityService>;
  readonly db: Database<Tables>;
  /** Health of the first instance. */
  readonly adminUrl: string;
  /** Of the database. */
  readonly url: string;
  /** Runs SQL statements, separated by semicolons. */
  raw(statements: string): Promise<void>;
  readonly logs: LogLines;
  /** Moves the clock of every instance. */
  advance(seconds: number): void;
  /** Another instance over the same database. */
  another(env?: Record<string, string>): IdentityApp;
}

export const KEY_ENCRYPTION_KEY = "5a".repeat(32);
export const AUDIT_KEY = "a0".repeat(32);

export async function startHarness(env: Record<string, string> = {}): Promise<Harness> {
  const { "identity-service": url } = await freshDatabases();
  const database = createDatabase<Tables>({ url, poolMax: 4, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000 });
  await migrate(database.db, migrations);
  const logs = new LogLines();
  let offsetMs = 0;
  const now = (): Date => new Date(Date.now() + offsetMs);
  const another = (more: Record<string, string> = {}): IdentityApp =>
    createApp(
      readConfig({
        IDENTITY_DB_URL: url,
        IDENTITY_GRPC_PORT: "0",
        IDENTITY_ADMIN_PORT: "0",
        IDENTITY_KEY_ENCRYPTION_KEY: KEY_ENCRYPTION_KEY,
        IDENTITY_AUDIT_KEY: AUDIT_KEY,
        ...env,
        ...more,
      }),
      {
        log: logs.logger("identity-service"),
        now,
      },
    );
  const app = another();
  await app.start();
  const client = createRpcClient({ service: IdentityService, baseUrl: app.rpc.url, timeoutMs: 5000 });
  return {
    call: client.call,
    db: database.db,
    adminUrl: app.admin.url,
    url,
    async raw(statements) {
      for (const statement of statements.split(";")) await sql.raw(statement).execute(database.db);
    },
    logs,
    another,
    advance: (seconds) => void (offsetMs += seconds * 1000),
    async [Symbol.asyncDispose]() {
      await client.stop?.();
      await app.stop();
      await database.stop();
    },
  };
}
