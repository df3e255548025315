// The table of Muster's processes: the only place outside a service's folder where the service is described. The local system, the
// databases, compose, the Kubernetes base, network policies, migrations, the operator's tools and the tables in documents are derived from
// it: `pnpm exec node scripts/infra-files.ts --write` writes the files, and `pnpm check` compares them. One thing is not: a new kind of
// secret must also be created in infra/compose/up.sh and named in infra/k8s/base/kustomization.yaml.

/** Secrets of an installation, which several processes may share: 32 random bytes in hexadecimal digits. */
export type Secret = "KEY_ENCRYPTION_KEY" | "AUDIT_KEY" | "SEAT_TICKET_KEY" | "LINK_KEY";

export interface ServiceRow {
  /** The name of its folder under services/, its image, its workload and its address in a cluster. */
  readonly name: string;
  /** All variables of its configuration begin with it: `CHAT` for `CHAT_HOST`. */
  readonly prefix: string;
  /** One line for the README. */
  readonly does: string;
  /** The next port is the admin port, with health and metrics. Locally, MUSTER_PORT_BASE moves both. */
  readonly port: number;
  readonly speaks: "grpc" | "http" | "ws" | "link";
  /** Its databases are named `<prefix>_<suffix>`; the user has access only to those. */
  readonly database?: { readonly prefix: string; readonly user: string };
  /**
   * The services that it calls, with the variable for the address, or for a JSON list of addresses (`…_URLS`). Undefined: it learns the
   * address while it runs.
   */
  readonly calls: Readonly<Record<string, string | undefined>>;
  /** It publishes or consumes events; undefined brokers mean that there is no Kafka (yet). */
  readonly kafka?: true;
  /** It gets each of them in a variable with its prefix: `GATEWAY_LINK_KEY`. */
  readonly secrets?: readonly Secret[];
  /** The ingress forwards players' requests to it, with their addresses. */
  readonly behindIngress?: true;
  /** The ingress reports the requests that it refuses by itself to it, by UDP on the same port. */
  readonly hearsRefusals?: true;
  /** It reports the health of all other processes: the variable for their `/statusz` URLs. */
  readonly healthUrls?: string;
  /** Further variables: wherever it is deployed, only in Kubernetes, and only in compose. */
  readonly settings?: { readonly all?: Settings; readonly kubernetes?: Settings; readonly compose?: Settings };
  readonly deployment?: Partial<Deployment>;
}

type Settings = Readonly<Record<string, string>>;

export interface Deployment {
  /** `rolling`: instances are replaced one by one; `single`: there is only one; `stateful`: each instance has a name of its own in DNS. */
  readonly kind: "rolling" | "single" | "stateful";
  readonly replicas: number;
  readonly replicasInProduction: number;
  /** In the notation of Kubernetes. */
  readonly cpu: string;
  readonly memory: string;
  readonly memoryMax: string;
  /** From the signal until it is killed: must cover 5 s in which the balancers learn of it, and its own limit (`…_STOP_WITHIN_MS`). */
  readonly graceS: number;
  readonly stopWithinMs: number;
  /** Options of Node. */
  readonly nodeArgs: readonly string[];
  /** The reason, as a comment in the manifest. */
  readonly note: string;
}

const USUAL: Deployment = {
  kind: "rolling",
  replicas: 2,
  replicasInProduction: 3,
  cpu: "250m",
  memory: "192Mi",
  memoryMax: "512Mi",
  graceS: 20,
  stopWithinMs: 12_000,
  nodeArgs: [],
  note: "",
};

/** Compose kills a process after 20 s (stop_grace_period), so its own limit there is at most this. */
export const COMPOSE_STOP_WITHIN_MS = 15_000;

/**
 * A small young generation: the realtime processes allocate little, so a large one only costs memory (470 instead of 280 MiB for gateway and
 * shard with 1,200 players, at the same CPU time).
 */
const FEW_YOUNG = ["--max-semi-space-size=1"];

/** The private networks of RFC 1918: a cluster's ingress has an address in one of them. */
const PRIVATE_NETWORKS = '["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]';

/** In the order in which they are stopped, those that face players first. */
const TABLE = [
  {
    name: "edge-api",
    prefix: "EDGE",
    does: "serves the REST API, the only public HTTP interface",
    port: 7250,
    speaks: "http",
    calls: {
      "identity-service": "EDGE_IDENTITY_URL",
      "match-service": "EDGE_MATCH_URL",
      "chat-service": "EDGE_CHAT_URL",
      matchmaker: "EDGE_MATCHMAKER_URL",
      "rating-service": "EDGE_RATING_URL",
      "replay-service": "EDGE_REPLAY_URL",
    },
    behindIngress: true,
    hearsRefusals: true,
    healthUrls: "EDGE_HEALTH_URLS",
    settings: { all: { EDGE_TRUSTED_PROXIES: PRIVATE_NETWORKS } },
  },
  {
    name: "realtime-gateway",
    prefix: "GATEWAY",
    does: "holds the players' WebSocket connections",
    port: 7230,
    speaks: "ws",
    calls: {
      "identity-service": "GATEWAY_IDENTITY_URL",
      "rating-service": "GATEWAY_RATING_URL",
      "chat-service": "GATEWAY_CHAT_URLS",
      matchmaker: "GATEWAY_MATCHMAKER_URL",
      shard: undefined, // the matchmaker says where each match is
    },
    secrets: ["SEAT_TICKET_KEY", "LINK_KEY"],
    behindIngress: true,
    settings: { all: { GATEWAY_TRUSTED_PROXIES: PRIVATE_NETWORKS, GATEWAY_RECONNECT_SPREAD_MS: "10000" } },
    deployment: {
      replicasInProduction: 4,
      cpu: "500m",
      memory: "256Mi",
      memoryMax: "1Gi",
      graceS: 45,
      stopWithinMs: 30_000,
      nodeArgs: FEW_YOUNG,
    },
  },
  {
    name: "shard",
    prefix: "SHARD",
    does: "runs matches",
    port: 7240,
    speaks: "link",
    calls: { "match-service": "SHARD_MATCH_URL", matchmaker: "SHARD_MATCHMAKER_URL" },
    secrets: ["SEAT_TICKET_KEY", "LINK_KEY"],
    settings: {
      kubernetes: { SHARD_LINK_ADDRESS: "$(POD_NAME).shard:7240", SHARD_DRAIN_WITHIN_MS: "280000" },
      compose: { SHARD_LINK_ADDRESS: "shard:7240", SHARD_DRAIN_WITHIN_MS: "1000" },
    },
    deployment: {
      kind: "stateful",
      replicasInProduction: 4,
      cpu: '"1"',
      memory: "256Mi",
      memoryMax: "1Gi",
      graceS: 320,
      stopWithinMs: 300_000,
      nodeArgs: FEW_YOUNG,
    },
  },
  {
    name: "matchmaker",
    prefix: "MATCHMAKER",
    does: "queues players and places them in matches",
    port: 7220,
    speaks: "grpc",
    calls: { "match-service": "MATCHMAKER_MATCH_URL" },
    secrets: ["SEAT_TICKET_KEY"],
    deployment: {
      kind: "single",
      replicas: 1,
      replicasInProduction: 1,
      note: "One process; gateways and shards name their tickets and matches again after a restart.",
    },
  },
  {
    name: "replay-service",
    prefix: "REPLAY",
    does: "keeps replays, gives them out, and verifies results by simulating matches again",
    port: 7280,
    speaks: "grpc",
    database: { prefix: "replay", user: "replay" },
    calls: { "match-service": "REPLAY_MATCH_URL", "rating-service": "REPLAY_RATING_URL" },
    kafka: true,
    deployment: { nodeArgs: FEW_YOUNG }, // matches are simulated in threads, which have heaps of their own
  },
  {
    name: "rating-service",
    prefix: "RATING",
    does: "turns results into ratings, seasons and leaderboards",
    port: 7270,
    speaks: "grpc",
    database: { prefix: "rating", user: "rating" },
    calls: {},
    kafka: true,
  },
  {
    name: "identity-service",
    prefix: "IDENTITY",
    does: "manages accounts, sessions and signing keys",
    port: 7200,
    speaks: "grpc",
    database: { prefix: "identity", user: "identity" },
    calls: {},
    kafka: true,
    secrets: ["KEY_ENCRYPTION_KEY", "AUDIT_KEY"],
  },
  {
    name: "chat-service",
    prefix: "CHAT",
    does: "stores chat channels and messages, and delivers them",
    port: 7260,
    speaks: "grpc",
    database: { prefix: "chat", user: "chat" },
    calls: { "match-service": "CHAT_MATCH_URL" },
    secrets: ["AUDIT_KEY"],
  },
  {
    name: "match-service",
    prefix: "MATCH",
    does: "records matches, results, histories and the outbox",
    port: 7210,
    speaks: "grpc",
    database: { prefix: "match", user: "matches" }, // `match` alone is a reserved word
    kafka: true,
    calls: {},
  },
] as const satisfies readonly ServiceRow[];

export const SERVICES: readonly ServiceRow[] = TABLE;
export type DatabaseServiceName = Extract<(typeof TABLE)[number], { readonly database: object }>["name"];

/** @throws Error that lists the services */
export function serviceOf(name: string): ServiceRow {
  const row = SERVICES.find((service) => service.name === name);
  if (!row) throw new Error(`there is no service ${name}: ${SERVICES.map((one) => one.name).join(", ")}`);
  return row;
}

export function deploymentOf(row: ServiceRow): Deployment {
  return { ...USUAL, ...row.deployment };
}

/** The environment variable for the port on which it serves. */
export function portVariable({ prefix, speaks }: ServiceRow): string {
  return { grpc: `${prefix}_GRPC_PORT`, link: `${prefix}_LINK_PORT`, http: `${prefix}_PORT`, ws: `${prefix}_PORT` }[
    speaks
  ];
}

/** The environment variable for the port of /healthz, /readyz, /statusz and /metrics. */
export function adminPortVariable({ prefix }: ServiceRow): string {
  return `${prefix}_ADMIN_PORT`;
}

export function adminPort({ port }: ServiceRow): number {
  return port + 1;
}

/** The environment variable for the URL of its database. */
export function databaseVariable({ prefix }: ServiceRow): string {
  return `${prefix}_DB_URL`;
}

/** What tells a process where Kafka is, and how to get in: after `MUSTER_KAFKA_` for the whole system, `<PREFIX>_KAFKA_` for each. */
export const KAFKA_SETTINGS = [
  "BROKERS",
  "CLIENT",
  "TLS",
  "TLS_CA",
  "SASL_MECHANISM",
  "SASL_USERNAME",
  "SASL_PASSWORD",
] as const;

/** Environment variable with the brokers: host:port, separated by commas. */
export function kafkaVariable({ prefix }: ServiceRow, setting: (typeof KAFKA_SETTINGS)[number] = "BROKERS"): string {
  return `${prefix}_KAFKA_${setting}`;
}

/** For a process that uses Kafka, from the variables of the whole system; those that are not set are left out. */
export function kafkaVariables(
  row: ServiceRow,
  settings: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  if (!row.kafka) return {};
  const given = KAFKA_SETTINGS.map((setting) => [kafkaVariable(row, setting), settings[`MUSTER_KAFKA_${setting}`]]);
  return Object.fromEntries(given.filter(([, value]) => value));
}

export function secretVariable({ prefix }: ServiceRow, secret: Secret): string {
  return `${prefix}_${secret}`;
}

export interface DatabaseRow extends ServiceRow {
  readonly database: NonNullable<ServiceRow["database"]>;
}

/** The services that have a database, and therefore a migrate.ts. */
export function databaseServices(rows: readonly ServiceRow[] = SERVICES): DatabaseRow[] {
  return rows.filter((row): row is DatabaseRow => row.database !== undefined);
}

/** Prefixes of variables that belong to libraries, to the installation or to other programs: every process has some in its environment. */
const TAKEN_PREFIXES: readonly string[] = [
  "COMPOSE",
  "DB",
  "KUBERNETES",
  "LOG",
  "MARIADB",
  "MUSTER",
  "MYSQL",
  "NODE",
  "NPM",
  "OTEL",
  "PNPM",
];
/** Provisioning sets the password of a service's database user: with these names, it would change the server's own accounts. */
const TAKEN_USERS: ReadonlySet<string> = new Set(["root", "mysql"]);

/**
 * Returns why a row conflicts with the others, or undefined. A variable belongs to the process whose prefix it has, and a database user has
 * access to every database with the user's prefix, so no prefix may begin with another one.
 */
export function clashOf(
  row: Pick<ServiceRow, "name" | "prefix" | "database">,
  rows: readonly ServiceRow[] = SERVICES,
): string | undefined {
  const overlap = (a: string, b: string): boolean => `${a}_`.startsWith(`${b}_`) || `${b}_`.startsWith(`${a}_`);
  const taken = TAKEN_PREFIXES.find((prefix) => overlap(prefix, row.prefix));
  if (taken !== undefined) return `variables that begin with ${row.prefix}_ are not its own: ${taken}_ is taken`;
  if (row.database && TAKEN_USERS.has(row.database.user))
    return `the database user ${row.database.user} is the server's own`;
  for (const { name, prefix, database } of rows.filter((one) => one.name !== row.name)) {
    if (overlap(prefix, row.prefix))
      return `its variables would begin with ${row.prefix}_, and those of ${name} begin with ${prefix}_`;
    if (!database || !row.database) continue;
    if (overlap(database.prefix, row.database.prefix))
      return `its databases would be named ${row.database.prefix}_…, and those of ${name} are ${database.prefix}_…`;
    if (database.user === row.database.user) return `the database user ${database.user} is that of ${name}`;
  }
  return undefined;
}

/** The services that call it. */
export function callersOf(row: ServiceRow, rows: readonly ServiceRow[] = SERVICES): ServiceRow[] {
  return rows.filter(({ calls }) => row.name in calls);
}

/** The variables with the addresses of the services that a process calls. `at` returns the base URL of a process. */
export function callVariables(
  row: ServiceRow,
  at: (callee: ServiceRow) => string,
  rows: readonly ServiceRow[] = SERVICES,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, variable] of Object.entries(row.calls)) {
    const callee = rows.find((one) => one.name === name);
    if (!callee) throw new Error(`${row.name} calls ${name}, which is not in infra/services.ts`);
    if (variable !== undefined)
      variables[variable] = variable.endsWith("_URLS") ? JSON.stringify([at(callee)]) : at(callee);
  }
  return variables;
}
