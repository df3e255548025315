import { MatchService } from "@muster/contracts/match/v2";
import { createDatabase, type DbPart, waitForSchema } from "@muster/db";
import { createLogger, type Logger } from "@muster/log";
import { createRpcServer, type RpcServer } from "@muster/rpc";
import { type AdminServer, type App, composeProcess, createAdminServer, createMetrics } from "@muster/runtime";
import type { Config } from "./config.ts";
import { createLeaseSweep } from "./leases.ts";
import { migrations } from "./migrations/index.ts";
import { matchRpc } from "./rpc.ts";
import type { Tables } from "./schema.ts";

export interface Overrides {
  readonly log?: Logger;
  readonly now?: () => Date;
}

export interface MatchApp extends App {
  readonly rpc: RpcServer;
  readonly admin: AdminServer;
}

/** Builds the whole service and starts nothing. */
export function createApp(config: Config, overrides: Overrides = {}): MatchApp {
  const log = overrides.log ?? createLogger("match-service", config.logLevel);
  const now = overrides.now ?? (() => new Date());
  const metrics = createMetrics("match-service");
  const database: DbPart<Tables> = createDatabase<Tables>({
    url: config.matchDbUrl,
    poolMax: config.dbPoolMax,
    acquireTimeoutMs: config.dbAcquireTimeoutMs,
    statementTimeoutMs: config.dbStatementTimeoutMs,
  });
  const { db } = database;
  const rpc = createRpcServer({
    host: config.matchHost,
    port: config.matchGrpcPort,
    routes: (router) => router.service(MatchService, matchRpc({ db, log, now })),
    log,
    metrics,
  });
  const admin = createAdminServer({
    host: config.matchHost,
    port: config.matchAdminPort,
    metrics,
    log,
    ready: { database: database.check },
  });
  const schema = { name: "schema", start: () => waitForSchema(db, migrations, { withinMs: config.dbWaitMs, log }) };
  // Behind the server: no round counts in which nobody could renew.
  const leases = createLeaseSweep({ db, roundMs: config.matchLeaseRoundMs, now, metrics, log });
  return Object.assign(composeProcess(admin, [database, schema, rpc, leases]), { rpc, admin });
}
