// The whole system in one process, on free ports, over fresh databases: every service as its main.ts would build it.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import * as chat from "@muster/chat-service/testing";
import { createDatabase, migrate } from "@muster/db";
import * as edge from "@muster/edge-api/testing";
import * as identity from "@muster/identity-service/testing";
import {
  builtPage,
  createEnvironment,
  databaseVariables,
  freePort,
  localCertificate,
  type NginxServer,
  portsFrom,
  startNginx,
} from "@muster/local";
import * as match from "@muster/match-service/testing";
import * as matchmaker from "@muster/matchmaker/testing";
import { GAMES } from "@muster/modes";
import { anyDatabase } from "@muster/resilience/testing";
import * as rating from "@muster/rating-service/testing";
import * as replay from "@muster/replay-service/testing";
import * as gateway from "@muster/realtime-gateway/testing";
import type { App } from "@muster/runtime";
import * as shard from "@muster/shard/testing";
import { freshDatabases, LogLines, until } from "@muster/testkit";

export type ServiceName =
  | "identity"
  | "match"
  | "rating"
  | "replay"
  | "chat"
  | "matchmaker"
  | "shard"
  | "gateway"
  | "edge";

export interface SystemOptions {
  /** Environment variables on top of the local system's. */
  readonly env?: Readonly<Record<string, string>>;
  /** A second gateway on the same system. */
  readonly secondGateway?: boolean;
  /** More games than the built-in ones. */
  readonly games?: NonNullable<Parameters<typeof shard.service.createApp>[1]>["games"];
  readonly nginx?: boolean;
  /** The ingress serves the player's page, built from its sources. */
  readonly page?: boolean;
  /** Instead of fresh ones in the tests' server: of one that the caller may stop. By service. */
  readonly databaseUrls?: Awaited<ReturnType<typeof freshDatabases>>;
  /** More instances of chat-service, which the caller starts; the second gateway goes to these first. */
  readonly chatUrls?: readonly string[];
  /** The clock of identity-service: tokens from another time. */
  readonly identityNow?: () => Date;
}

export interface System extends AsyncDisposable {
  /** The ingress, or edge-api when there is no nginx. */
  readonly url: string;
  /** File of the ingress's certificate; empty when there is no nginx. */
  readonly certificate: string;
  /** ws://…/v1/realtime of the gateways. */
  readonly gatewayUrls: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly databaseUrls: Readonly<Record<string, string>>;
  readonly logs: Readonly<Record<ServiceName, LogLines>>;
  /** One that runs. */
  app(name: ServiceName): App;
  /** Stops one, as a deployment would. */
  stop(name: ServiceName): Promise<void>;
  /** Starts it anew, on the same port. */
  start(name: ServiceName): Promise<void>;
}

export const NAMES: readonly ServiceName[] = [
  "identity",
  "match",
  "rating",
  "replay",
  "chat",
  "matchmaker",
  "shard",
  "gateway",
  "edge",
];
/** The services that refuse calls when they are slow or their event loop is late: here it is one loop for all of them, on a machine that runs other tests. */
const GUARDED = ["EDGE", "IDENTITY", "MATCH", "RATING", "REPLAY", "CHAT", "MATCHMAKER"];
/** Short times, so that a test of a limit does not wait for it. */
const TEST_ENV = {
  MATCHMAKER_MODES: JSON.stringify({
    duel: { game: "duel", seats: 2, options: {} },
    "duel-quick": { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 75 } },
  }),
  SHARD_DRAIN_WITHIN_MS: "100",
  SHARD_JOIN_WITHIN_MS: "1500",
  SHARD_GRACE_MS: "2000",
  SHARD_PLAYED_AFTER_MS: "0", // tests leave when they have seen what they wanted to see
  // All services are one process here, on a machine that runs other tests: what it has to do says nothing about the shard.
  SHARD_BUSY_PERCENT_MAX: "100",
  SHARD_LATE_TICKS_PERCENT_MAX: "100",
  ...Object.fromEntries(
    GUARDED.flatMap((prefix) => [
      [`${prefix}_EVENT_LOOP_LATE_MS`, "10000"],
      [`${prefix}_CALLS_IN_FLIGHT_MIN`, "320"],
    ]),
  ),
  SHARD_STUCK_MS: "60000", // all services are one process here, and one that is stuck would be ended
  GATEWAY_AUTH_WITHIN_MS: "1000",
  GATEWAY_RECONNECT_SPREAD_MS: "50",
  IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1000000", // all players of a test come from one address
};

export async function startSystem(options: SystemOptions = {}): Promise<System> {
  const databaseUrls = options.databaseUrls ?? (await freshDatabases());
  const ports = await freePorts();
  const base = createEnvironment(ports);
  const env: Record<string, string> = {
    ...base,
    ...TEST_ENV,
    ...databaseVariables(databaseUrls),
    ...options.env,
  };
  const ownChat = `http://127.0.0.1:${env["CHAT_GRPC_PORT"]}`;
  env["GATEWAY_CHAT_URLS"] = JSON.stringify([ownChat, ...(options.chatUrls ?? [])]);
  await migrateAll(databaseUrls);
  const logs = Object.fromEntries(NAMES.map((name) => [name, new LogLines()])) as Record<ServiceName, LogLines>;
  const apps = new Map<string, App>();
  const create = factories(env, logs, options);

  const start = async (name: ServiceName): Promise<void> => {
    const app = create[name]();
    apps.set(name, app);
    await app.start();
  };
  for (const name of NAMES) await start(name);
  const gatewayUrls = [`ws://127.0.0.1:${env["GATEWAY_PORT"]}/v1/realtime`];
  if (options.secondGateway) {
    const chatUrls = JSON.stringify([...(options.chatUrls ?? []), ownChat]);
    const more = { GATEWAY_PORT: "0", GATEWAY_ADMIN_PORT: "0", GATEWAY_CHAT_URLS: chatUrls };
    const second = gateway.service.createApp(gateway.readConfig({ ...env, ...more }), {
      log: logs.gateway.logger("realtime-gateway"),
    });
    apps.set("gateway 2", second);
    await second.start();
    gatewayUrls.push(second.sockets.url);
  }
  const nginx =
    options.nginx === false ? undefined : await startTestNginx(env, options.page ? await builtPage() : undefined);
  const url = nginx?.url ?? `http://127.0.0.1:${env["EDGE_PORT"]}`;
  await until(() => whyUnhealthy(`http://127.0.0.1:${env["EDGE_PORT"]}`));
  return {
    url,
    certificate: nginx?.certificate ?? "",
    gatewayUrls,
    env,
    databaseUrls,
    logs,
    start,
    app: (name) => apps.get(name) as App,
    async stop(name) {
      await apps.get(name)?.stop();
      apps.delete(name);
    },
    async [Symbol.asyncDispose]() {
      await nginx?.[Symbol.asyncDispose]();
      for (const app of [...apps.values()].toReversed()) await app.stop();
    },
  };
}

function factories(
  env: Record<string, string>,
  logs: Record<ServiceName, LogLines>,
  options: SystemOptions,
): Record<ServiceName, () => App> {
  const all = new Map([...GAMES, ...(options.games ?? [])]);
  const games = options.games ? { games: all } : {};
  const identityNow = options.identityNow ? { now: options.identityNow } : {};
  return {
    identity: () =>
      identity.service.createApp(identity.readConfig(env), {
        log: logs.identity.logger("identity-service"),
        ...identityNow,
      }),
    match: () => match.service.createApp(match.readConfig(env), { log: logs.match.logger("match-service") }),
    rating: () => rating.service.createApp(rating.readConfig(env), { log: logs.rating.logger("rating-service") }),
    replay: () => replay.service.createApp(replay.readConfig(env), { log: logs.replay.logger("replay-service") }),
    chat: () => chat.service.createApp(chat.readConfig(env), { log: logs.chat.logger("chat-service") }),
    matchmaker: () =>
      matchmaker.service.createApp(matchmaker.readConfig(env, all), { log: logs.matchmaker.logger("matchmaker") }),
    shard: () => shard.service.createApp(shard.readConfig(env), { log: logs.shard.logger("shard"), ...games }),
    gateway: () => gateway.service.createApp(gateway.readConfig(env), { log: logs.gateway.logger("realtime-gateway") }),
    edge: () => edge.service.createApp(edge.readConfig(env), { log: logs.edge.logger("edge-api") }),
  };
}

async function migrateAll(urls: Readonly<Record<string, string>>): Promise<void> {
  const all = [
    [urls["identity-service"], identity.service.migrations],
    [urls["match-service"], match.service.migrations],
    [urls["rating-service"], rating.service.migrations],
    [urls["replay-service"], replay.service.migrations],
    [urls["chat-service"], chat.service.migrations],
  ] as const;
  for (const [url, migrations] of all) {
    const database = createDatabase({
      url: url as string,
      dependency: anyDatabase(2, { waitMs: 5000, statementMs: 60_000 }),
    });
    await migrate(database.db, migrations);
    await database.stop();
  }
}

async function freePorts(): Promise<ReturnType<typeof portsFrom>> {
  const ports: Record<string, number> = {};
  const taken = new Set<number>();
  for (const name of Object.keys(portsFrom(0, 0))) {
    let port = await freePort();
    while (taken.has(port)) port = await freePort();
    taken.add(port);
    ports[name] = port;
  }
  return ports;
}

async function startTestNginx(
  env: Record<string, string>,
  webRoot: string | undefined,
): Promise<NginxServer & AsyncDisposable & { certificate: string }> {
  const prefix = mkdtempSync(path.join(os.tmpdir(), "muster-nginx-"));
  const files = localCertificate(prefix);
  const server = await startNginx({
    prefix,
    tls: { port: Number(env["MUSTER_INGRESS_TLS_PORT"]), ...files },
    port: Number(env["MUSTER_INGRESS_PORT"]),
    edgeAddress: `127.0.0.1:${env["EDGE_PORT"]}`,
    gatewayAddress: `127.0.0.1:${env["GATEWAY_PORT"]}`,
    webRoot,
    limits: { requestsPerSPerAddress: 100_000 }, // all players of a test come from one address
  });
  return Object.assign(server, {
    certificate: files.certificate,
    async [Symbol.asyncDispose]() {
      await server.stop();
      rmSync(prefix, { recursive: true, force: true });
    },
  });
}

async function whyUnhealthy(edgeUrl: string): Promise<string | undefined> {
  const response = await fetch(`${edgeUrl}/system/healthz`);
  return response.ok ? undefined : await response.text();
}
