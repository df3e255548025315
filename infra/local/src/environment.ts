// The environment of a whole local system: ports, addresses and secrets. It is created once and kept in a file that only its
// owner may read, so that tokens and sealed keys survive a restart.
import { randomBytes } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { makeFolders } from "./folders.ts";
import { readOwnVariables } from "./own-file.ts";
import { paths } from "./paths.ts";
import { passwordVariable } from "./provision.ts";
import {
  adminPortVariable,
  callVariables,
  databaseServices,
  portVariable,
  secretVariable,
  SERVICES,
  type ServiceRow,
} from "./services.ts";
import { writeWhole } from "./whole-file.ts";

/** Environment variables for every service, and the few that only the stack itself reads. */
export type LocalEnvironment = Readonly<Record<string, string>>;

/** By environment variable: MUSTER_INGRESS_PORT, MUSTER_INGRESS_TLS_PORT, MUSTER_MARIADB_PORT, Kafka's two, Prometheus's, and two of every service. */
export type Ports = Readonly<Record<string, number>>;

const LOCAL_ORIGINS = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];

/** Of a base too, above which the processes have a hundred. */
const PORT_MAX = 65_400;
/** As 443 is to 80: 8443 beside 8080. */
const TLS_PORT_ABOVE = 363;
/** What the ports in the table of processes stand above. */
const BASE = 7200;
const MARIADB_ABOVE = 90;
const KAFKA_ABOVE = 92;
const PROMETHEUS_ABOVE = 94;

export function portsFrom(ingress: number, base: number, ingressTls: number = ingress + TLS_PORT_ABOVE): Ports {
  const services = SERVICES.flatMap((row) => [
    [portVariable(row), base + row.port - BASE],
    [adminPortVariable(row), base + row.port - BASE + 1],
  ]);
  return {
    MUSTER_INGRESS_PORT: ingress,
    MUSTER_INGRESS_TLS_PORT: ingressTls,
    MUSTER_MARIADB_PORT: base + MARIADB_ABOVE,
    MUSTER_KAFKA_PORT: base + KAFKA_ABOVE,
    MUSTER_KAFKA_CONTROLLER_PORT: base + KAFKA_ABOVE + 1,
    MUSTER_PROMETHEUS_PORT: base + PROMETHEUS_ABOVE,
    ...(Object.fromEntries(services) as Ports),
  };
}

/** `kept`: secrets from an earlier start. */
export function createEnvironment(
  ports: Ports,
  kept: Readonly<Record<string, string | undefined>> = {},
): LocalEnvironment {
  const newSecret = (): string => randomBytes(32).toString("hex");
  const at = (variable: string): string => `http://127.0.0.1:${ports[variable]}`;
  const passwords = databaseServices().map(({ database }) => {
    const variable = passwordVariable(database.user);
    return [variable, kept[variable] ?? newSecret()] as const;
  });
  const secrets = SERVICES.flatMap((row) => (row.secrets ?? []).map((secret) => ({ row, secret })));
  // Services that share a secret have it in variables of their own.
  const shared = Map.groupBy(secrets, ({ secret }) => secret);
  const secretVariables = [...shared.values()].flatMap((owners) => {
    const variables = owners.map(({ row, secret }) => secretVariable(row, secret));
    const value = variables.map((variable) => kept[variable]).find((one) => one !== undefined) ?? newSecret();
    return variables.map((variable) => [variable, value] as const);
  });
  const calls = SERVICES.map((row) => callVariables(row, (callee) => at(portVariable(callee))));
  const health = SERVICES.flatMap((row) => (row.healthUrls ? [[row.healthUrls, healthUrls(row, at)] as const] : []));
  return {
    ...Object.fromEntries(passwords),
    ...Object.fromEntries(Object.entries(ports).map(([variable, port]) => [variable, String(port)])),
    ...Object.fromEntries(secretVariables),
    ...Object.assign({}, ...calls),
    ...Object.fromEntries(health),
    SHARD_LINK_ADDRESS: `127.0.0.1:${ports["SHARD_LINK_PORT"]}`,
    // Here only: the pages that are written on this machine, whatever serves them.
    EDGE_CORS_ORIGINS: JSON.stringify(LOCAL_ORIGINS),
  };
}

/** Of all but itself, whose answer is what is made of them. */
function healthUrls(own: ServiceRow, at: (variable: string) => string): string {
  const others = SERVICES.filter((row) => row !== own);
  return JSON.stringify(Object.fromEntries(others.map((row) => [row.name, `${at(adminPortVariable(row))}/statusz`])));
}

/**
 * The environment of this checkout's stack, made at the first call; whoever starts a system has claimed the folder before
 * (home.ts), since the file is what others find that system by. MUSTER_PORT (ingress, 8080) and MUSTER_PORT_BASE
 * (the processes, 7200) choose the ports.
 */
export function loadEnvironment(): LocalEnvironment {
  const { ingress, ingressTls, base } = chosenPorts();
  const ports = portsFrom(ingress, base, ingressTls);
  makeFolders(path.dirname(paths.environment));
  // Under `pnpm -r dev` all processes run this at the same time: one file wins, and no process reads a partial one.
  if (!existsSync(paths.environment)) createOnce(paths.environment, textOf(createEnvironment(ports)));
  const before = readOwnVariables(paths.environment);
  const env = createEnvironment(ports, before);
  if (textOf(env) !== readFileSync(paths.environment, "utf8")) writeWhole(paths.environment, textOf(env));
  return env;
}

/** By the variables of this process. */
export function chosenPorts(): { readonly ingress: number; readonly ingressTls: number; readonly base: number } {
  const ingress = portFrom("MUSTER_PORT", 8080);
  const ingressTls = portFrom("MUSTER_TLS_PORT", ingress + TLS_PORT_ABOVE);
  return { ingress, ingressTls, base: portFrom("MUSTER_PORT_BASE", BASE) };
}

/** Of the ingress of the local system that was started last, on whichever port that was. */
export function localUrl(): string {
  const known = existsSync(paths.environment) ? readOwnVariables(paths.environment) : {};
  return `http://localhost:${known["MUSTER_INGRESS_PORT"] ?? 8080}`;
}

/** For the operator's tool: what the running system uses, whether chosen by the user or not: its databases, its Kafka, and what `givenFor` names. */
export function rememberServers(env: LocalEnvironment, servers: Readonly<Record<string, string>>): void {
  const lines = Object.entries({ ...givenFor(env), ...servers }).map(([name, value]) => `${name}='${value}'\n`);
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
  const logging = Object.entries(process.env).filter(([name]) => name.startsWith("LOG_"));
  // Small young generation: six idle processes on one machine. Compile cache: they start in half the time.
  const tuning = {
    NODE_OPTIONS: "--max-semi-space-size=2",
    NODE_COMPILE_CACHE: path.join(paths.home, "compile-cache"),
  };
  return { ...process.env, ...tuning, ...env, ...givenFor(env), ...Object.fromEntries(logging) };
}

/** What the caller set of these variables, such as a key to change: the services get it, so whoever works on their data needs it too. */
function givenFor(env: LocalEnvironment): Record<string, string> {
  return Object.fromEntries(
    Object.keys(env).flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
}

function portFrom(name: string, fallback: number): number {
  const text = process.env[name];
  if (text === undefined || text === "") return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > PORT_MAX)
    throw new Error(`${name}=${text} is not a port from 1 to ${PORT_MAX}`);
  return port;
}
