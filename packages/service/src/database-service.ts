import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { createDatabase, type Database, type Migrations, poolFigures, waitForSchema } from "@muster/db";
import { databaseOf } from "@muster/resilience";
import { createRpcServer, type RpcServer } from "@muster/rpc";
import { type Component, createLoadControl } from "@muster/runtime";
import type { DatabaseConfiguration, DatabaseServiceConfig } from "./database-fields.ts";
import { createRetention, type RetentionRule } from "./retention.ts";
import { type Composition, defineService, type Service, type ServiceApp, type ServiceContext } from "./service.ts";

export interface DatabaseContext<C extends DatabaseServiceConfig, Tables> extends ServiceContext<C> {
  readonly db: Database<Tables>;
}

/** What is a service's own. All that is absent is absent. */
export interface DatabaseComposition extends Pick<Composition, "ready" | "peers" | "waitsFor"> {
  readonly routes: (router: ConnectRouter) => void;
  /** See RpcServerOptions. */
  readonly quietMethods?: readonly DescMethod[];
  /** See RpcServerOptions. */
  readonly limitedElsewhere?: readonly DescMethod[];
  /** What calls need: started on the migrated database before the first call comes, stopped after the last. */
  readonly beforeRpc?: readonly Component[];
  /** What needs callers: started once they may come, stopped while they still may. */
  readonly afterRpc?: readonly Component[];
  /** Rows that have ended, and are deleted for good. */
  readonly retention?: readonly RetentionRule[];
}

export interface DatabaseApp extends ServiceApp {
  readonly rpc: RpcServer;
}

export interface DatabaseServiceDefinition<C extends DatabaseServiceConfig, Tables> {
  readonly name: string;
  readonly configuration: DatabaseConfiguration<C>;
  readonly migrations: Migrations;
  /** Builds the service and starts nothing. */
  readonly compose: (context: DatabaseContext<C, Tables>) => DatabaseComposition;
}

export interface DatabaseService<C extends DatabaseServiceConfig, Tables> extends Service<C, DatabaseApp> {
  readonly configuration: DatabaseConfiguration<C>;
  readonly migrations: Migrations;
  /** For the types of a test's harness: there is no such value. */
  readonly tables?: Tables;
}

/** A service over a database of its own, asked by RPC. The order of its components: design/backend/services.md. */
export function defineDatabaseService<C extends DatabaseServiceConfig, Tables>(
  definition: DatabaseServiceDefinition<C, Tables>,
): DatabaseService<C, Tables> {
  const { name, configuration, migrations } = definition;
  const service = defineService({
    name,
    configuration,
    compose: (context: ServiceContext<C>) => composeDatabaseService(context, definition),
  });
  return { ...service, configuration, migrations };
}

function composeDatabaseService<C extends DatabaseServiceConfig, Tables>(
  context: ServiceContext<C>,
  { name, migrations, compose }: DatabaseServiceDefinition<C, Tables>,
): Composition<{ readonly rpc: RpcServer }> {
  const { config, log, metrics } = context;
  const database = createDatabase<Tables>({
    url: config.dbUrl,
    dependency: poolFigures(databaseOf(name), config),
  });
  const { db } = database;
  const schema = { name: "schema", start: () => waitForSchema(db, migrations, { withinMs: config.dbWaitMs, log }) };
  const own = compose({ ...context, db });
  const {
    routes,
    quietMethods = [],
    limitedElsewhere = [],
    beforeRpc = [],
    afterRpc = [],
    retention = [],
    ready,
    peers = {},
    waitsFor = {},
  } = own;
  const load = createLoadControl(config, metrics);
  const shedder = load.shedder("calls");
  const rpc = createRpcServer({
    host: config.host,
    port: config.grpcPort,
    routes,
    log,
    metrics,
    quietMethods,
    limitedElsewhere,
    shedder,
  });
  const housekeeping = retention.length > 0 ? [createRetention(retention, log)] : [];
  return {
    components: [database, schema, ...beforeRpc, ...housekeeping, load, rpc, ...afterRpc],
    ready: { database: database.check, ...ready },
    peers,
    waitsFor,
    exposes: { rpc },
  };
}
