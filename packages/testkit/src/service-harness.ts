// The parts that the test harnesses of all services share: the real service with a fresh database.
import type { DescService } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { createDatabase, type Database, migrate } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import type { DatabaseApp, DatabaseService, DatabaseServiceConfig } from "@muster/service/database";
import { freshDatabases } from "./databases.ts";
import { loseDeadlocks } from "./deadlocks.ts";
import { LogLines } from "./log-lines.ts";

export interface Instance<S extends DescService> {
  readonly app: DatabaseApp;
  readonly call: Client<S>;
}

export interface ServiceHarness<S extends DescService, Tables> extends Instance<S>, AsyncDisposable {
  readonly db: Database<Tables>;
  /** Of the database. */
  readonly url: string;
  /** Of all instances. */
  readonly logs: LogLines;
  /** Moves the clock of every instance. */
  advance(seconds: number): void;
  /** Builds another instance over the same database and starts nothing; it is stopped with the harness. */
  build(env?: Readonly<Record<string, string>>): DatabaseApp;
  /** The same, started, with a client. */
  another(env?: Readonly<Record<string, string>>): Promise<Instance<S>>;
}

export interface HarnessOptions {
  /** Of every instance: what the service needs beside its database, and what a test wants to be otherwise. */
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of the real clock, which `advance` moves. */
  readonly now?: () => Date;
}

/** Migrates a fresh database, and starts one instance on free ports. */
export async function startService<C extends DatabaseServiceConfig, Tables, S extends DescService>(
  service: DatabaseService<C, Tables>,
  contract: S,
  { env = {}, now = () => new Date() }: HarnessOptions = {},
): Promise<ServiceHarness<S, Tables>> {
  const { name, migrations, configuration } = service;
  const { prefix } = configuration;
  const url = databaseOf(name, await freshDatabases());
  const database = createDatabase<Tables>({ url, dependency: anyDatabase(4, { waitMs: 5000, statementMs: 10_000 }) });
  await migrate(database.db, migrations);
  loseDeadlocks();
  const logs = new LogLines();
  let offsetMs = 0;
  const stops: (() => Promise<void>)[] = [];
  const own = { [`${prefix}_DB_URL`]: url, [`${prefix}_GRPC_PORT`]: "0", [`${prefix}_ADMIN_PORT`]: "0" };
  const build = (more: Readonly<Record<string, string>> = {}): DatabaseApp => {
    const app = service.createApp(configuration.read({ ...own, ...env, ...more }), {
      log: logs.logger(name),
      now: () => new Date(now().getTime() + offsetMs),
    });
    stops.push(() => app.stop());
    return app;
  };
  const another = async (more?: Readonly<Record<string, string>>): Promise<Instance<S>> => {
    const app = build(more);
    await app.start();
    const client = createRpcClient({ service: contract, baseUrl: app.rpc.url, dependency: anyMethods(5000) });
    stops.push(async () => client.stop?.());
    return { app, call: client.call };
  };
  return {
    ...(await another()),
    db: database.db,
    url,
    logs,
    build,
    another,
    advance: (seconds) => void (offsetMs += seconds * 1000),
    async [Symbol.asyncDispose]() {
      for (const stop of stops.toReversed()) await stop();
      await database.stop();
    },
  };
}

function databaseOf(service: string, urls: Readonly<Record<string, string>>): string {
  const url = urls[service];
  if (url === undefined) throw new Error(`no database is provisioned for ${service}`);
  return url;
}
