// MariaDB, nginx and Kafka of the local system, or the servers that the environment names instead.
import path from "node:path";
import { moreGateways } from "./ingress-gateways.ts";
import { ingressLimits, ingressShortages, SOCKETS_DEFAULT } from "./ingress-limits.ts";
import { waitForPort } from "./ports.ts";
import { type LocalEnvironment, rememberServers, serviceEnvironment } from "./environment.ts";
import { KAFKA_START_MS, kafkaCommand } from "./kafka.ts";
import { kafkaSettings, NO_KAFKA, usesExistingKafka, usesPrivateKafka } from "./kafka-brokers.ts";
import { untilKafkaReady } from "./kafka-ready.ts";
import { makeLocalTopics } from "./kafka-topics.ts";
import { MARIADB_START_MS, mariadbCommand, privateAdminUrl } from "./mariadb.ts";
import { localCertificate } from "./certificate.ts";
import { NGINX_START_MS, nginxCommand } from "./nginx.ts";
import { pageFor } from "./page.ts";
import { paths } from "./paths.ts";
import { PROMETHEUS_START_MS, prometheusCommand, wantsPrometheus } from "./prometheus.ts";
import { databaseVariables, passwordVariable, provision } from "./provision.ts";
import { clearGroup, clearLeftovers } from "./run-records.ts";
import { databaseServices, databaseVariable } from "./services.ts";
import { supervise, type Supervised, type SuperviseOptions } from "./supervised.ts";
import { refuseTakenPorts } from "./taken-ports.ts";

const DATABASE_SUFFIX = "dev";

export interface Infrastructure {
  /** Of the ingress. */
  readonly url: string;
  /** Environment variables with the database URLs. */
  readonly databaseUrls: Readonly<Record<string, string>>;
  /** Kafka starts beside the others, which do not wait for it. False: none was started here, or it failed, which is said. */
  readonly kafkaReady: Promise<boolean>;
  stop(): Promise<void>;
}

export interface InfrastructureParts {
  /** Variables with the ports of what is started afterwards: a start with one of them taken would end half-way. */
  readonly portsAfterwards?: readonly string[];
  readonly onLine: (name: string, line: string) => void;
  readonly say: (text: string) => void;
  /** Aborts while they start: what has been started is stopped. */
  readonly stop: AbortSignal;
}

/**
 * All are supervised: whichever ends by itself is started again. What an earlier start left running is ended first.
 *
 * An existing MariaDB instead of a private one: MUSTER_DB_URL (mysql://admin:password@host:port/), where databases and
 * users are made; or every service's own (IDENTITY_DB_URL and so on), which are used as they are. An
 * existing Kafka: MUSTER_KAFKA_BROKERS. The system runs without Kafka too: its events wait in the outbox.
 * @throws Error with what is in the way, or when it is stopped; nothing of it runs then
 */
export async function startInfrastructure(env: LocalEnvironment, parts: InfrastructureParts): Promise<Infrastructure> {
  const existing = usesExistingDatabase();
  const mariadbPort = Number(env["MUSTER_MARIADB_PORT"]);
  const [ingressPort, tlsPort] = [Number(env["MUSTER_INGRESS_PORT"]), Number(env["MUSTER_INGRESS_TLS_PORT"])];
  await clearLeftovers(parts.say);
  const own = [
    "MUSTER_INGRESS_PORT",
    "MUSTER_INGRESS_TLS_PORT",
    ...(existing ? [] : ["MUSTER_MARIADB_PORT"]),
    ...(usesPrivateKafka() ? ["MUSTER_KAFKA_PORT", "MUSTER_KAFKA_CONTROLLER_PORT"] : []),
    ...(wantsPrometheus() ? ["MUSTER_PROMETHEUS_PORT"] : []),
  ];
  await refuseTakenPorts(serviceEnvironment(env), [...own, ...(parts.portsAfterwards ?? [])]);
  const started: Supervised[] = [];
  const stopKafka = new AbortController();
  const kafka = superviseKafka(env, { ...parts, stop: AbortSignal.any([parts.stop, stopKafka.signal]) });
  const stop = async (): Promise<void> => {
    await (await kafka)?.stop();
    for (const one of started.toReversed()) await one.stop();
  };
  const page = pageFor(process.env["EDGE_LEGACY_URL"], parts.say);
  try {
    if (!existing) {
      const command = mariadbCommand({ dataDir: paths.mariadbData, port: mariadbPort, durable: true });
      const ready = portOpen(mariadbPort, MARIADB_START_MS);
      started.push(await superviseServer("mariadb", command, ready, parts));
    }
    parts.stop.throwIfAborted();
    const databaseUrls = await databaseUrlsFor(env);
    parts.stop.throwIfAborted();
    rememberServers(env, { ...databaseUrls, ...adminUrlFor(env), ...kafkaSettings(env) });
    const sockets = Number(process.env["GATEWAY_CONNECTIONS_MAX"] ?? SOCKETS_DEFAULT);
    for (const line of ingressShortages(sockets)) parts.say(line);
    const command = nginxCommand({
      prefix: paths.nginx,
      limits: ingressLimits(undefined, sockets),
      port: ingressPort,
      tls: { port: tlsPort, ...localCertificate(path.join(paths.home, "tls")) },
      edgeAddress: `127.0.0.1:${env["EDGE_PORT"]}`,
      gatewayAddress: `127.0.0.1:${env["GATEWAY_PORT"]}`,
      moreGateways: moreGateways(),
      webRoot: await page,
    });
    started.push(await superviseServer("nginx", command, portOpen(ingressPort, NGINX_START_MS), parts));
    if (wantsPrometheus()) {
      const ready = portOpen(Number(env["MUSTER_PROMETHEUS_PORT"]), PROMETHEUS_START_MS);
      started.push(await superviseServer("prometheus", prometheusCommand(env), ready, parts));
    }
    const kafkaReady = kafka.then((server) => server !== undefined);
    return { url: `http://127.0.0.1:${ingressPort}`, databaseUrls, kafkaReady, stop };
  } catch (err) {
    stopKafka.abort();
    await stop();
    throw err;
  }
}

/** Undefined: there is none, or it does not start, which is said. */
async function superviseKafka(env: LocalEnvironment, parts: InfrastructureParts): Promise<Supervised | undefined> {
  if (!usesPrivateKafka()) {
    if (!usesExistingKafka()) parts.say(NO_KAFKA);
    return undefined;
  }
  const port = Number(env["MUSTER_KAFKA_PORT"]);
  const controllerPort = Number(env["MUSTER_KAFKA_CONTROLLER_PORT"]);
  try {
    const command = await kafkaCommand({ dataDir: paths.kafkaData, port, controllerPort, stop: parts.stop });
    const ready: Readiness = (failed) => untilKafkaReady(port, KAFKA_START_MS, failed);
    const server = await superviseServer("kafka", command, ready, parts);
    await makeLocalTopics(`127.0.0.1:${port}`, parts.stop).catch((err: unknown) => {
      if (!parts.stop.aborted) parts.say(`Kafka's topics could not be made: ${(err as Error).message}`);
    });
    return server;
  } catch (err) {
    if (!parts.stop.aborted) parts.say(`${NO_KAFKA}: ${(err as Error).message}`);
    return undefined;
  }
}

/** Resolves when the server is ready. @throws Error when it is not in time, or `failed` says why it never will be */
type Readiness = (failed: () => string | undefined) => Promise<void>;

function portOpen(port: number, withinMs: number): Readiness {
  return (failed) => waitForPort(port, withinMs, failed);
}

async function superviseServer(
  name: string,
  command: Pick<SuperviseOptions, "command" | "args" | "env">,
  ready: Readiness,
  { onLine, say, stop }: InfrastructureParts,
): Promise<Supervised> {
  const server = supervise(
    // A master that was killed leaves workers, which hold the port.
    { name, ...command, onLine: (line) => onLine(name, line), prepare: () => clearGroup(name) },
    say,
  );
  try {
    await ready(() => {
      if (stop.aborted) return "stopped during startup";
      return server.ended && `${name} ${server.ended}:\n${server.tail()}`;
    });
  } catch (err) {
    await server.stop();
    throw err;
  }
  return server;
}

export function usesExistingDatabase(): boolean {
  return Boolean(process.env["MUSTER_DB_URL"]) || givenDatabaseUrls() !== undefined;
}

/** The URLs under which the services find their databases, which exist afterwards; the same every time. */
export async function databaseUrlsFor(
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const given = givenDatabaseUrls();
  if (given) return given;
  const adminUrl = adminUrlFor(env).MUSTER_DB_URL as string;
  const passwordOf = (user: string): string => env[passwordVariable(user)] as string;
  const urls = await provision({ adminUrl, suffix: DATABASE_SUFFIX, passwordOf });
  return databaseVariables(urls);
}

/** Empty when only the services' own databases are given. */
function adminUrlFor(env: Readonly<Record<string, string | undefined>>): { readonly MUSTER_DB_URL?: string } {
  if (givenDatabaseUrls()) return {};
  return {
    MUSTER_DB_URL:
      process.env["MUSTER_DB_URL"] || privateAdminUrl(paths.mariadbData, Number(env["MUSTER_MARIADB_PORT"])),
  };
}

function givenDatabaseUrls(): Record<string, string> | undefined {
  const names = databaseServices().map(databaseVariable);
  const given = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]] as const] : []));
  if (given.length === 0) return undefined;
  if (given.length < names.length) throw new Error(`set all of ${names.join(", ")}, or none`);
  return Object.fromEntries(given) as Record<string, string>;
}
