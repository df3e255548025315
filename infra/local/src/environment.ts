// The environment of a whole local system: ports, addresses and secrets. Made once, kept in a file that only its
// owner may read, so that tokens and sealed keys survive a restart.
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { paths } from "./paths.ts";
import { DATABASE_OWNERS } from "./provision.ts";
import { SERVICES } from "./services.ts";
import { writeWhole } from "./whole-file.ts";

/** Environment variables for every service, and the few that only the stack itself reads. */
export type LocalEnvironment = Readonly<Record<string, string>>;

export interface Ports {
  readonly ingress: number;
  readonly ingressTls: number;
  readonly mariadb: number;
  readonly identity: number;
  readonly identityAdmin: number;
  readonly match: number;
  readonly matchAdmin: number;
  readonly matchmaker: number;
  readonly matchmakerAdmin: number;
  readonly gateway: number;
  readonly gatewayAdmin: number;
  readonly shardLink: number;
  readonly shardAdmin: number;
  readonly edge: number;
  readonly edgeAdmin: number;
  readonly chat: number;
  readonly chatAdmin: number;
}

const LOCAL_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];

/** Of a base too, above which the processes have a hundred. */
const PORT_MAX = 65_400;
/** As 443 is to 80: 8443 beside 8080. */
const TLS_PORT_ABOVE = 363;

export function portsFrom(ingress: number, base: number, ingressTls: number = ingress + TLS_PORT_ABOVE): Ports {
  const [identity, match, matchmaker, gateway, shardLink, edge, chat] = [
    base,
    base + 10,
    base + 20,
    base + 30,
    base + 40,
    base + 50,
    base + 60,
  ];
  return {
    ingress,
    ingressTls,
    mariadb: base + 90,
    identity,
    identityAdmin: identity + 1,
    match,
    matchAdmin: match + 1,
    matchmaker,
    matchmakerAdmin: matchmaker + 1,
    gateway,
    gatewayAdmin: gateway + 1,
    shardLink,
    shardAdmin: shardLink + 1,
    edge,
    edgeAdmin: edge + 1,
    chat,
    chatAdmin: chat + 1,
  };
}

/** `kept` holds secrets from before. */
export function createEnvironment(
  ports: Ports,
  kept: Readonly<Record<string, string | undefined>> = {},
): LocalEnvironment {
  const secret = (name: string): string => kept[name] ?? randomBytes(32).toString("hex");
  const at = (port: number): string => `http://127.0.0.1:${port}`;
  const passwords = Object.fromEntries(
    Object.values(DATABASE_OWNERS).map(({ user }) => [
      `MUSTER_DB_PASSWORD_${user.toUpperCase()}`,
      secret(`MUSTER_DB_PASSWORD_${user.toUpperCase()}`),
    ]),
  );
  const seatTicketKey = secret("MATCHMAKER_SEAT_TICKET_KEY");
  const linkKey = secret("GATEWAY_LINK_KEY");
  const env: Record<string, string> = {
    ...passwords,
    MUSTER_INGRESS_PORT: String(ports.ingress),
    MUSTER_INGRESS_TLS_PORT: String(ports.ingressTls),
    MUSTER_MARIADB_PORT: String(ports.mariadb),
    IDENTITY_GRPC_PORT: String(ports.identity),
    IDENTITY_ADMIN_PORT: String(ports.identityAdmin),
    IDENTITY_KEY_ENCRYPTION_KEY: secret("IDENTITY_KEY_ENCRYPTION_KEY"),
    MATCH_GRPC_PORT: String(ports.match),
    MATCH_ADMIN_PORT: String(ports.matchAdmin),
    CHAT_GRPC_PORT: String(ports.chat),
    CHAT_ADMIN_PORT: String(ports.chatAdmin),
    CHAT_MATCH_URL: at(ports.match),
    MATCHMAKER_GRPC_PORT: String(ports.matchmaker),
    MATCHMAKER_ADMIN_PORT: String(ports.matchmakerAdmin),
    MATCHMAKER_MATCH_URL: at(ports.match),
    MATCHMAKER_SEAT_TICKET_KEY: seatTicketKey,
    GATEWAY_PORT: String(ports.gateway),
    GATEWAY_ADMIN_PORT: String(ports.gatewayAdmin),
    GATEWAY_IDENTITY_URL: at(ports.identity),
    GATEWAY_MATCH_URL: at(ports.match),
    GATEWAY_MATCHMAKER_URL: at(ports.matchmaker),
    GATEWAY_CHAT_URLS: JSON.stringify([at(ports.chat)]),
    GATEWAY_SEAT_TICKET_KEY: seatTicketKey,
    GATEWAY_LINK_KEY: linkKey,
    SHARD_LINK_PORT: String(ports.shardLink),
    SHARD_ADMIN_PORT: String(ports.shardAdmin),
    SHARD_LINK_ADDRESS: `127.0.0.1:${ports.shardLink}`,
    SHARD_MATCH_URL: at(ports.match),
    SHARD_MATCHMAKER_URL: at(ports.matchmaker),
    SHARD_SEAT_TICKET_KEY: seatTicketKey,
    SHARD_LINK_KEY: linkKey,
    EDGE_PORT: String(ports.edge),
    EDGE_ADMIN_PORT: String(ports.edgeAdmin),
    EDGE_IDENTITY_URL: at(ports.identity),
    EDGE_MATCH_URL: at(ports.match),
    EDGE_CHAT_URL: at(ports.chat),
    EDGE_MATCHMAKER_URL: at(ports.matchmaker),
    // Here only: the pages that are written on this machine, whatever serves them.
    EDGE_CORS_ORIGINS: JSON.stringify(LOCAL_ORIGINS),
  };
  env["EDGE_HEALTH_URLS"] = JSON.stringify(
    Object.fromEntries(
      SERVICES.filter((s) => s.name !== "edge-api").map((s) => [s.name, `${at(Number(env[s.adminPort]))}/statusz`]),
    ),
  );
  return env;
}

/**
 * The environment of this checkout's stack, made at the first call; whoever starts a system has claimed the folder before
 * (home.ts), since the file is what others find that system by. MUSTER_PORT (ingress, 8080) and MUSTER_PORT_BASE
 * (the processes, 7200) choose the ports.
 */
export function loadEnvironment(): LocalEnvironment {
  const { ingress, ingressTls, base } = chosenPorts();
  const ports = portsFrom(ingress, base, ingressTls);
  mkdirSync(path.dirname(paths.environment), { recursive: true });
  // Under `pnpm -r dev` every process comes by here at the same time: one file wins, and nobody sees half of it.
  if (!existsSync(paths.environment)) createOnce(paths.environment, textOf(createEnvironment(ports)));
  const before = readFileSync(paths.environment, "utf8");
  const env = createEnvironment(ports, parseEnv(before));
  if (textOf(env) !== before) writeWhole(paths.environment, textOf(env));
  return env;
}

/** By the variables of this process. */
export function chosenPorts(): { readonly ingress: number; readonly ingressTls: number; readonly base: number } {
  const ingress = portFrom("MUSTER_PORT", 8080);
  const ingressTls = portFrom("MUSTER_TLS_PORT", ingress + TLS_PORT_ABOVE);
  return { ingress, ingressTls, base: portFrom("MUSTER_PORT_BASE", 7200) };
}

/** Of the ingress of the local system that was started last, on whichever port that was. */
export function localUrl(): string {
  const known = existsSync(paths.environment) ? parseEnv(readFileSync(paths.environment, "utf8")) : {};
  return `http://localhost:${known["MUSTER_INGRESS_PORT"] ?? 8080}`;
}

/** For the operator's tool: where the system that runs has its databases, whoever chose them. */
export function rememberDatabases(urls: Readonly<Record<string, string>>): void {
  const lines = Object.entries(urls).map(([name, value]) => `${name}='${value}'\n`);
  writeWhole(paths.databases, `# Written at each start of the local stack.\n${lines.join("")}`);
}

function textOf(env: LocalEnvironment): string {
  const lines = Object.entries(env).map(([name, value]) => `${name}='${value}'\n`);
  return `# Made by the local stack; delete it to get new secrets.\n${lines.join("")}`;
}

/** The first one to come makes the file, whole. */
function createOnce(file: string, text: string): void {
  const own = `${file}.${process.pid}`;
  try {
    writeFileSync(own, text, { mode: 0o600 });
    linkSync(own, file);
  } catch (err) {
    if ((err as { code?: string }).code !== "EEXIST") throw err; // another process was first
  } finally {
    rmSync(own, { force: true });
  }
}

/** What a service gets: the machine's variables, then ours, then what the caller set on purpose. */
export function serviceEnvironment(env: LocalEnvironment): Record<string, string | undefined> {
  const given = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => name in env || name.startsWith("LOG_")),
  );
  // Small young generation: six idle processes on one machine. Compile cache: they start in half the time.
  const tuning = {
    NODE_OPTIONS: "--max-semi-space-size=2",
    NODE_COMPILE_CACHE: path.join(paths.home, "compile-cache"),
  };
  return { ...process.env, ...tuning, ...env, ...given };
}

function portFrom(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX)
    throw new Error(`${name}=${text} is no port from 1 to ${PORT_MAX}`);
  return port;
}
