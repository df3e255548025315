// The whole system in separate processes, with as many gateways and shards as a drill needs.
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  adminPortVariable,
  type Child,
  createEnvironment,
  databaseVariables,
  deploymentOf,
  freePort,
  kafkaVariables,
  migrateAll,
  paths,
  portsFrom,
  portVariable,
  provision,
  SERVICES,
  serviceOf,
  spawnChild,
  startMariadb,
} from "@muster/local";
import { must } from "@muster/errors";
import { type FaultProxy, openFaultProxy } from "@muster/testkit/fault-proxy";
import { type Front, openFront } from "@muster/testkit/front";
import { freePortBase } from "@muster/testkit/port-base";

export interface TestClusterOptions {
  readonly gateways: number;
  readonly shards: number;
  /** Services that no match needs, by name: not started else. */
  readonly further?: readonly string[];
  /** host:port of a Kafka, for the services that use one. */
  readonly kafka?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Variables with an address, such as `EDGE_IDENTITY_URL`: a proxy that can break stands before each. */
  readonly links?: readonly string[];
  /** Services of which there are two, by name: behind one address, which spreads the connections over them. */
  readonly twice?: readonly string[];
  /** MariaDB waits for its disk at each commit, as in an installation. */
  readonly durable?: boolean;
  /** By service: another program than its own main.ts, with arguments. */
  readonly mains?: Readonly<Record<string, readonly string[]>>;
}

/** A gateway or a shard. */
export interface Actor {
  readonly child: Child;
  readonly port: number;
  readonly adminPort: number;
  readonly lines: string[];
}

export interface TestCluster extends AsyncDisposable {
  readonly edgeUrl: string;
  readonly gatewayUrl: string;
  readonly matchUrl: string;
  /** Of the database of match-service. */
  readonly matchDbUrl: string;
  readonly ratingDbUrl: string;
  readonly gateways: Actor[];
  readonly shards: Actor[];
  /** The services that there is one of. */
  readonly singles: ReadonlyMap<string, Child>;
  /** Ends one of those, in good order or at once, and starts it again; resolves when it is ready. */
  restart(name: string, signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** How each process that ended without being told to has ended. */
  deaths(): string[];
  readonly mariadb: Child;
  /** Of its administrator. */
  readonly mariadbUrl: string;
  /** The proxy before the address in this variable. */
  link(variable: string): FaultProxy;
  /** Of everything that runs, by name: of several of a kind with their numbers. */
  processes(): ReadonlyMap<string, { readonly pid: number; readonly adminPort: number }>;
  /** One more of them, in the place of one that was lost. */
  add(kind: "gateway" | "shard"): Promise<Actor>;
  /** What went wrong on the way, for the report. */
  errors(): string[];
}

const HEALTHY_WITHIN_MS = 60_000;
const SINGLE = ["identity-service", "match-service", "rating-service", "chat-service", "matchmaker", "edge-api"];

export async function openTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-drill-"));
  const mariadb = await startMariadb({
    dataDir: path.join(folder, "data"),
    port: await freePort(),
    durable: options.durable ?? false,
  });
  const ports = portsFrom(await freePort(), await freePortBase());
  const singleNames = [...SINGLE, ...(options.further ?? [])];
  const health = { EDGE_HEALTH_URLS: healthUrls(ports, singleNames) };
  const direct = await prepare(ports, mariadb.adminUrl, { ...health, ...kafkaOf(options.kafka), ...options.env });
  const links = new Map<string, FaultProxy>();
  const env = { ...direct, ...(await linked(direct, options.links ?? [], links)) };
  const children: Child[] = [];
  const lines: string[] = [];
  const gateways: Actor[] = [];
  const shards: Actor[] = [];
  const fronts: Front[] = [];

  const start = (name: string, more: Readonly<Record<string, string>> = {}, own: string[] = []): Child => {
    const child = spawnChild({
      name,
      command: paths.node,
      args: options.mains?.[name] ?? [...deploymentOf(serviceOf(name)).nodeArgs, "src/main.ts"],
      cwd: path.join(paths.root, "services", name),
      env: { ...env, ...more },
      onLine(line) {
        own.push(line);
        lines.push(`${name} ${line}`);
      },
    });
    children.push(child);
    return child;
  };
  const singles = new Map<string, Child>();
  const told = new Set<Child>();
  const replicas = new Map<string, Replica>();
  const startSingle = (name: string): Promise<void> => {
    const own: string[] = [];
    const replica = replicas.get(name);
    const child = start(replica?.service ?? name, replica?.variables ?? {}, own);
    singles.set(name, child);
    return ready(replica?.adminPort ?? Number(env[adminPortVariable(serviceOf(name))]), child, own);
  };
  const restart = async (name: string, signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    const child = singles.get(name);
    if (!child) throw new Error(`no process named ${name}`);
    told.add(child);
    child.kill(signal);
    await child.exited;
    await startSingle(name);
  };
  const add = async (kind: "gateway" | "shard"): Promise<Actor> => {
    const [port, adminPort] = [await freePort(), await freePort()];
    const own: string[] = [];
    const child =
      kind === "gateway"
        ? start("realtime-gateway", { GATEWAY_PORT: String(port), GATEWAY_ADMIN_PORT: String(adminPort) }, own)
        : start(
            "shard",
            {
              SHARD_LINK_PORT: String(port),
              SHARD_LINK_ADDRESS: `127.0.0.1:${port}`,
              SHARD_ADMIN_PORT: String(adminPort),
            },
            own,
          );
    const actor = { child, port, adminPort, lines: own };
    await ready(adminPort, child, own);
    (kind === "gateway" ? gateways : shards).push(actor);
    return actor;
  };
  const close = async (): Promise<void> => {
    for (const one of fronts) await one.close();
    for (const child of [...children, mariadb.child]) child.kill("SIGCONT");
    for (const link of links.values()) link.mend();
    for (const child of children.toReversed()) await child.stop(3000);
    await mariadb.stop();
    for (const link of links.values()) await link.close();
    rmSync(folder, { recursive: true, force: true });
  };
  let gatewayPort = 0;
  try {
    for (const name of options.twice ?? []) {
      const pair = await replicasOf(name, Number(env[adminPortVariable(serviceOf(name))]));
      for (const [replica, row] of pair) replicas.set(replica, row);
      const running = (): number[] =>
        [...pair].filter(([one]) => singles.get(one)?.running).map(([, { port }]) => port);
      fronts.push(await openFront(running, ports[portVariable(serviceOf(name))]));
    }
    // Every one of them is waited for, not those alone that a gateway needs to start: who queues wants a rating too.
    await Promise.all([
      ...[...new Set([...singleNames, ...replicas.keys()])].map((name) => startSingle(name)),
      ...Array.from({ length: options.shards }, () => add("shard")),
      ...Array.from({ length: options.gateways }, () => add("gateway")),
    ]);
    const front = await openFront(() => gateways.filter(({ child }) => child.running).map(({ port }) => port));
    fronts.push(front);
    gatewayPort = front.port;
  } catch (err) {
    await close();
    throw err;
  }
  return {
    edgeUrl: `http://127.0.0.1:${ports["EDGE_PORT"]}`,
    gatewayUrl: `ws://127.0.0.1:${gatewayPort}/v1/realtime`,
    matchUrl: `http://127.0.0.1:${ports["MATCH_GRPC_PORT"]}`,
    matchDbUrl: direct["MATCH_DB_URL"] as string,
    ratingDbUrl: direct["RATING_DB_URL"] as string,
    gateways,
    shards,
    singles,
    restart,
    deaths: () =>
      children.filter((child) => child.ended && !told.has(child)).map((child) => `${child.name} ${child.ended}`),
    mariadb: mariadb.child,
    mariadbUrl: mariadb.adminUrl,
    link: (variable) => must(links.get(variable), `${variable} is one of the drill's links`),
    processes: () =>
      new Map([
        ...[...singles].map(([name, { pid }]) => {
          const adminPort = replicas.get(name)?.adminPort ?? Number(env[adminPortVariable(serviceOf(name))]);
          return [name, { pid, adminPort }] as const;
        }),
        ...numbered("shard", shards),
        ...numbered("realtime-gateway", gateways),
      ]),
    add,
    errors: () => lines.filter((line) => /"level":"(error|fatal)"/.test(line) || !line.includes("{")),
    [Symbol.asyncDispose]: close,
  };
}

interface Replica {
  readonly service: string;
  readonly port: number;
  readonly adminPort: number;
  /** Its ports, instead of the service's. */
  readonly variables: Readonly<Record<string, string>>;
}

/** By name: the second one's has a number. The first keeps the admin port of the service, which edge-api asks for its health. */
async function replicasOf(service: string, adminPort: number): Promise<ReadonlyMap<string, Replica>> {
  const replica = async (nth: number): Promise<[string, Replica]> => {
    const [port, admin] = [await freePort(), nth === 1 ? adminPort : await freePort()];
    const row = serviceOf(service);
    const variables = { [portVariable(row)]: String(port), [adminPortVariable(row)]: String(admin) };
    return [nth === 1 ? service : `${service} ${nth}`, { service, port, adminPort: admin, variables }];
  };
  return new Map([await replica(1), await replica(2)]);
}

function numbered(kind: string, actors: readonly Actor[]): [string, { pid: number; adminPort: number }][] {
  return actors
    .filter(({ child }) => child.running)
    .map(({ child: { pid }, adminPort }, i) => [`${kind} ${i + 1}`, { pid, adminPort }]);
}

/** Opens a proxy before the address in each of the variables. @returns the variables, with the proxies' addresses */
async function linked(
  env: Readonly<Record<string, string>>,
  variables: readonly string[],
  links: Map<string, FaultProxy>,
): Promise<Record<string, string>> {
  const changed: Record<string, string> = {};
  for (const variable of variables) {
    const value = must(env[variable], `${variable} is one of the system's variables`);
    const [address] = value.startsWith("[") ? (JSON.parse(value) as string[]) : [value];
    const { hostname, port } = new URL(must(address, `${variable} has an address`));
    const proxy = await openFaultProxy({ to: { host: hostname, port: Number(port) } });
    links.set(variable, proxy);
    changed[variable] = value.replace(`${hostname}:${port}`, `127.0.0.1:${proxy.port}`);
  }
  return changed;
}

/** Of those that there is one of: gateways and shards are as many as a drill wants. */
function healthUrls(ports: ReturnType<typeof portsFrom>, names: readonly string[]): string {
  const urlOf = (name: string): string => `http://127.0.0.1:${ports[adminPortVariable(serviceOf(name))]}/statusz`;
  return JSON.stringify(
    Object.fromEntries(names.filter((name) => name !== "edge-api").map((name) => [name, urlOf(name)])),
  );
}

function kafkaOf(brokers: readonly string[] = []): Record<string, string> {
  if (brokers.length === 0) return {};
  const settings = { MUSTER_KAFKA_BROKERS: brokers.join(",") };
  return Object.assign({}, ...SERVICES.map((row) => kafkaVariables(row, settings))) as Record<string, string>;
}

async function prepare(
  ports: ReturnType<typeof portsFrom>,
  adminUrl: string,
  more: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const urls = await provision({
    adminUrl,
    suffix: "drill",
    passwordOf: () => "drill",
  });
  const env: Record<string, string> = {
    ...(process.env as Record<string, string>),
    ...createEnvironment(ports),
    GATEWAY_UNAUTHENTICATED_PER_ADDRESS_MAX: "100000", // all come from here
    GATEWAY_CONNECTIONS_PER_ADDRESS_MAX: "100000",
    ...databaseVariables(urls),
    LOG_LEVEL: "warn",
    IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1000000", // all players come from one address here
    SHARD_JOIN_WITHIN_MS: "60000",
    ...more,
  };
  await migrateAll(env);
  return env;
}

async function ready(adminPort: number, child: Child, lines: readonly string[]): Promise<void> {
  const last = (): string => lines.slice(-5).join("\n");
  const deadline = performance.now() + HEALTHY_WITHIN_MS;
  while (performance.now() < deadline) {
    const ok = await fetch(`http://127.0.0.1:${adminPort}/statusz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    if (child.ended) throw new Error(`${child.name} ${child.ended}:\n${last()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${child.name} is not ready on port ${adminPort}; its last output:\n${last()}`);
}
