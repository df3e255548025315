// THE table of Muster's processes: what must be said of one outside of its own folder is said here, once. The local system, the
// databases, compose, the Kubernetes base, network policies, migrations, the operator's tools and the tables in documents come from
// it: `pnpm exec node scripts/infra-files.ts --write` writes the files, `pnpm check` compares them. Not from it: another kind of secret is
// also made in infra/compose/up.sh and named in infra/k8s/base/kustomization.yaml.

/** What one installation has once, and several processes may share: 32 random bytes in hexadecimal digits. */
export type Secret = "KEY_ENCRYPTION_KEY" | "AUDIT_KEY" | "SEAT_TICKET_KEY" | "LINK_KEY";

export interface ServiceRow {
  /** Of its folder under services/, its image, its workload and its address in a cluster. */
  readonly name: string;
  /** All variables of its configuration begin with it: `CHAT` for `CHAT_HOST`. */
  readonly prefix: string;
  /** For the README. */
  readonly does: string;
  /** The admin port, with health and metrics, is the next one. Locally both move with MUSTER_PORT_BASE. */
  readonly port: number;
  readonly speaks: "grpc" | "http" | "ws" | "link";
  /** Databases `<prefix>_<suffix>`, and the user who may use those and no other. */
  readonly database?: { readonly prefix: string; readonly user: string };
  /** By name, with the variable that has the address, or a JSON list of addresses (`…_URLS`); undefined: it is told while it runs. */
  readonly calls: Readonly<Record<string, string | undefined>>;
  /** It publishes or consumes events; undefined brokers mean that there is no Kafka (yet). */
  readonly kafka?: true;
  /** In variables of its own: `GATEWAY_LINK_KEY`. */
  readonly secrets?: readonly Secret[];
  /** Players' requests come to it, by way of the ingress, which tells where from. */
  readonly behindIngress?: true;
  /** The ingress tells it, by UDP at the same port, what it refuses by itself. */
  readonly hearsRefusals?: true;
  /** It says how all the others are: in one variable the `/statusz` of each. */
  readonly healthUrls?: string;
  /** What it is told besides, wherever it is deployed: in a cluster, and with what differs in compose. */
  readonly settings?: { readonly all?: Settings; readonly kubernetes?: Settings; readonly compose?: Settings };
  readonly deployment?: Partial<Deployment>;
}

type Settings = Readonly<Record<string, string>>;

export interface Deployment {
  /** `rolling`: replaced one by one; `single`: one at a time; `stateful`: each has a name that leads to it. */
  readonly kind: "rolling" | "single" | "stateful";
  readonly replicas: number;
  readonly replicasInProduction: number;
  /** As Kubernetes writes them. */
  readonly cpu: string;
  readonly memory: string;
  readonly memoryMax: string;
  /** From the signal until it is killed; in it fit 5 s in which balancers hear of it, and its own limit (`…_STOP_WITHIN_MS`). */
  readonly graceS: number;
  readonly stopWithinMs: number;
  /** For Node itself. */
  readonly nodeArgs: readonly string[];
  /** Why it is as it is, for whoever reads the manifest. */
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

/** Compose kills a process after 20 s (stop_grace_period): there its own limit is this one at most. */
export const COMPOSE_STOP_WITHIN_MS = 15_000;

/**
 * A small young generation: the realtime processes keep what they have and throw little away, so that a large one is only
 * memory (280 instead of 470 MiB for gateway and shard with 1,200 players, at the same CPU time).
 */
const FEW_YOUNG = ["--max-semi-space-size=1"];

/** The private networks of RFC 1918, where a cluster's ingress comes from. */
const PRIVATE_NETWORKS = '["10.0.0.0/8","172.16.0.0/12","192.168.0.0/16"]';

/** In the order in which they are stopped: those that face players first. */
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
      "match-service": "GATEWAY_MATCH_URL",
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
    calls: {},
  },
] as const satisfies readonly ServiceRow[];

export const SERVICES: readonly ServiceRow[] = TABLE;
export type DatabaseServiceName = Extract<(typeof TABLE)[number], { readonly database: object }>["name"];

/** @throws Error that names those that there are */
export function serviceOf(name: string): ServiceRow {
  const row = SERVICES.find((service) => service.name === name);
  if (!row) throw new Error(`there is no service ${name}: ${SERVICES.map((one) => one.name).join(", ")}`);
  return row;
}

export function deploymentOf(row: ServiceRow): Deployment {
  return { ...USUAL, ...row.deployment };
}

/** Environment variable with the port that it serves on. */
export function portVariable({ prefix, speaks }: ServiceRow): string {
  return { grpc: `${prefix}_GRPC_PORT`, link: `${prefix}_LINK_PORT`, http: `${prefix}_PORT`, ws: `${prefix}_PORT` }[
    speaks
  ];
}

/** Environment variable with the port of /healthz, /readyz, /statusz and /metrics. */
export function adminPortVariable({ prefix }: ServiceRow): string {
  return `${prefix}_ADMIN_PORT`;
}

export function adminPort({ port }: ServiceRow): number {
  return port + 1;
}

/** Environment variable with the URL of its database. */
export function databaseVariable({ prefix }: ServiceRow): string {
  return `${prefix}_DB_URL`;
}

/** What tells a process where Kafka is, and how to get in: after `MUSTER_KAFKA_` for the whole system, `<PREFIX>_KAFKA_` for each. */
export const KAFKA_SETTINGS = ["BROKERS", "TLS", "SASL_MECHANISM", "SASL_USERNAME", "SASL_PASSWORD"] as const;

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

/** Those with a database of their own, and a migrate.ts. */
export function databaseServices(rows: readonly ServiceRow[] = SERVICES): DatabaseRow[] {
  return rows.filter((row): row is DatabaseRow => row.database !== undefined);
}

/** What the variables of libraries, of the installation and of the programs around it begin with, in the environment of every process. */
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
/** Provisioning gives a service's user the service's password: of these it would take over the server's administrator. */
const TAKEN_USERS: ReadonlySet<string> = new Set(["root", "mysql"]);

/**
 * Why a row cannot stand beside the others. What begins with a process's prefix counts as its own variable, and a database's user may use
 * every database whose name begins with that prefix: so no prefix may begin with another one.
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

/** Who may call it. */
export function callersOf(row: ServiceRow, rows: readonly ServiceRow[] = SERVICES): ServiceRow[] {
  return rows.filter(({ calls }) => row.name in calls);
}

/** The variables that tell a process where those are that it calls. `at`: the base URL of a process. */
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
