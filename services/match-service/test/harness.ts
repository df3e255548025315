// The real service over a fresh database, for its own tests.
import { MatchService } from "@muster/contracts/match/v2";
import { createDatabase, migrate } from "@muster/db";
import { createRpcClient } from "@muster/rpc";
import { freshDatabases, LogLines } from "@muster/testkit";
import type { Client } from "@connectrpc/connect";
import type { App } from "@muster/runtime";
import { createApp, type MatchApp } from "../src/app.ts";
import { readConfig } from "../src/config.ts";
import { migrations } from "../src/migrations/index.ts";
import type { Tables } from "../src/schema.ts";
import type { Db } from "../src/store.ts";

export interface Harness extends AsyncDisposable {
  readonly call: Client<typeof MatchService>;
  readonly db: Exclude<Db, { isTransaction: true }>;
  readonly logs: LogLines;
  /** Of the database. */
  readonly url: string;
  /** Stops the service, as a deployment would. */
  stop(): Promise<void>;
  /** One more instance; the caller stops it, or it is stopped with the harness. */
  startAnother(): Promise<App>;
}

export interface HarnessOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly now?: () => Date;
}

export async function startHarness({ env = {}, now }: HarnessOptions = {}): Promise<Harness> {
  const { "match-service": url } = await freshDatabases();
  const database = createDatabase<Tables>({ url, poolMax: 4, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000 });
  await migrate(database.db, migrations);
  const logs = new LogLines();
  const create = (): MatchApp =>
    createApp(readConfig({ MATCH_DB_URL: url, MATCH_GRPC_PORT: "0", MATCH_ADMIN_PORT: "0", ...env }), {
      log: logs.logger("match-service"),
      ...(now ? { now } : {}),
    });
  const app = create();
  const apps: App[] = [app];
  await app.start();
  const client = createRpcClient({ service: MatchService, baseUrl: app.rpc.url, timeoutMs: 5000 });
  return {
    call: client.call,
    url,
    db: database.db as Harness["db"],
    logs,
    stop: () => app.stop(),
    async startAnother() {
      const another = create();
      apps.push(another);
      await another.start();
      return another;
    },
    async [Symbol.asyncDispose]() {
      await client.stop?.();
      for (const one of apps) await one.stop();
      await database.stop();
    },
  };
}
