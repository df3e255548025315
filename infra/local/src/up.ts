// The whole local system in one process tree: starts it, waits until it is healthy, plays one match, keeps it running, stops
// it. Called by up.sh.
import path from "node:path";
import { alertsText, watchAlerts } from "./alert-watch.ts";
import { type Child, spawnChild } from "./child.ts";
import { chosenPorts, type LocalEnvironment, loadEnvironment, serviceEnvironment } from "./environment.ts";
import { claimHome } from "./home.ts";
import { type Infrastructure, startInfrastructure } from "./infrastructure.ts";
import { kafkaSettings, usesPrivateKafka } from "./kafka-brokers.ts";
import { LogFiles } from "./log-files.ts";
import { coloured, readLogLine } from "./log-lines.ts";
import { openInBrowser } from "./open-in-browser.ts";
import { migrateAll } from "./migrate-all.ts";
import { paths } from "./paths.ts";
import { durationsFile, Progress } from "./progress.ts";
import { wantsPrometheus } from "./prometheus.ts";
import { deploymentOf, kafkaVariables, SERVICES } from "./services.ts";
import { StatusLine } from "./status-line.ts";
import { type Supervised, supervise } from "./supervised.ts";
import { portVariables } from "./taken-ports.ts";

const HEALTHY_WITHIN_MS = 60_000;

const startedAt = performance.now();
const withoutMatch = process.env["MUSTER_SKIP_SMOKE"] === "1";
const progress = new Progress({
  file: durationsFile(),
  nowMs: () => performance.now(),
  without: withoutMatch ? ["match"] : [],
});
/** On a terminal, at the bottom, while it starts. */
const status = new StatusLine(process.stdout, () => `about ${progress.leftS()} s left`);
const logs = new LogFiles(paths.logs, { say });
const services: Supervised[] = [];
const stopAsked = new AbortController();
let infrastructure: Promise<Infrastructure> | undefined;
let migrating: Promise<void> | undefined;
let smokeMatch: Child | undefined;
let alertWatch: Promise<void> | undefined;
let stopping: Promise<void> | undefined;
/** A service that no start mends: before the system is up, that ends it. */
let givenUp: string | undefined;

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    status.end();
    if (!stopping) say("\nstopping everything");
    stopping ??= stop();
    stopping.catch((err: unknown) => {
      console.error(err);
      process.exitCode = 1;
    });
  });
}

try {
  await up();
} catch (err) {
  status.end();
  if (!stopping) {
    console.error(`\nMuster did not start: ${err instanceof Error ? err.message : String(err)}`);
    process.exitCode = 1;
    stopping = stop();
  }
}

async function up(): Promise<void> {
  const { ingress, base } = chosenPorts();
  await claimHome({ by: "up.sh", pid: process.pid, ingressPort: ingress, portBase: base });
  const env = loadEnvironment();
  progress.begin("servers");
  sayStep(
    `starting ${["MariaDB", ...(usesPrivateKafka() ? ["Kafka"] : []), ...(wantsPrometheus() ? ["Prometheus"] : [])].join(", ")} and nginx`,
  );
  const portsAfterwards = portVariables(env).filter((name) => !name.startsWith("MUSTER_"));
  infrastructure = startInfrastructure(env, { onLine: writeLog, say, portsAfterwards, stop: stopAsked.signal });
  const { databaseUrls, kafkaReady } = await infrastructure;
  if (stopping) return;
  const serviceEnv = {
    ...serviceEnvironment(env),
    ...databaseUrls,
    SHARD_DRAIN_WITHIN_MS: process.env["SHARD_DRAIN_WITHIN_MS"] ?? "500",
  };
  const kafka = kafkaSettings(env);
  progress.begin("services");
  sayStep("bringing the databases up to date");
  migrating = migrateAll(serviceEnv);
  await migrating;
  if (stopping) return;
  sayStep(`starting ${SERVICES.map((spec) => spec.name).join(", ")}`);
  for (const row of SERVICES.toReversed()) {
    const { name } = row;
    if (row.kafka) await kafkaReady; // no client of a Kafka that is still starting
    if (stopping) return;
    services.unshift(
      supervise(
        {
          name,
          command: paths.node,
          args: [...deploymentOf(row).nodeArgs, "src/main.ts"],
          cwd: path.join(paths.root, "services", name),
          env: { ...kafkaVariables(row, kafka), ...serviceEnv },
          onLine: (line) => onServiceLine(name, line),
          onGivenUp: (why) => void (givenUp ??= `${name} ${why}`),
        },
        say,
      ),
    );
  }
  await untilHealthy(env);
  await kafkaReady;
  if (stopping) return;
  const page = `http://localhost:${env["MUSTER_INGRESS_PORT"]}/`;
  say(`healthy after ${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${page} is there`);
  if (!withoutMatch) {
    progress.begin("match");
    await smoke(env);
  }
  status.end();
  if (!stopping) {
    progress.done();
    await tellHowToReach(env);
  }
  if (!stopping && process.env["MUSTER_OPEN"] === "1") openInBrowser(page, say);
}

async function untilHealthy(env: LocalEnvironment): Promise<void> {
  const url = `http://127.0.0.1:${env["MUSTER_INGRESS_PORT"]}/healthz`;
  const deadline = performance.now() + HEALTHY_WITHIN_MS;
  let last = "no answer";
  while (!stopping) {
    if (givenUp !== undefined) throw new Error(`${givenUp}; its output is above`);
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(3000) });
      if (response.status === 200) return;
      last = await response.text();
    } catch (err) {
      last = String(err);
    }
    if (performance.now() > deadline)
      throw new Error(`not healthy after ${HEALTHY_WITHIN_MS / 1000} s; the logs are in ${paths.logs}\n${last}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function smoke(env: LocalEnvironment): Promise<void> {
  sayStep("playing a match through the ingress");
  smokeMatch = spawnChild({
    name: "smoke",
    command: "sh",
    args: [path.join(paths.root, "scripts/smoke.sh"), `http://localhost:${env["MUSTER_INGRESS_PORT"]}`],
    env: process.env,
    onLine: say,
  });
  const how = await smokeMatch.exited;
  if (how !== "ended with exit code 0" && !stopping) throw new Error(`the smoke match ${how}`);
}

async function tellHowToReach(env: LocalEnvironment): Promise<void> {
  const base = `localhost:${env["MUSTER_INGRESS_PORT"]}`;
  say(
    `
Muster is up.

  play       http://${base}/
  a guest    http://${base}/?guest&mode=duel-practice            (in a match against a bot at once)
  console    http://${base}/console            (the first admin: scripts/operator.sh make-admin NAME)
  reference  http://${base}/docs            (REST, realtime, events, gRPC)
  realtime   ws://${base}/v1/realtime
  with TLS   https://localhost:${env["MUSTER_INGRESS_TLS_PORT"]}            (HTTP/2; the certificate is self-signed)
  health     http://${base}/healthz${await metricsText(env)}
  logs       ${path.relative(process.cwd(), paths.logs) || paths.logs}/<process>.log

Press Ctrl-C to stop everything.`,
  );
}

/** Of the private Prometheus, if there is one. From here on it is said which alerts fire. */
async function metricsText(env: LocalEnvironment): Promise<string> {
  if (!wantsPrometheus()) return "";
  const url = `http://localhost:${env["MUSTER_PROMETHEUS_PORT"]}`;
  alertWatch = watchAlerts(url, say, stopAsked.signal);
  return `\n  metrics    ${url}            (Prometheus; ${await alertsText(url).catch(String)}: ${url}/alerts)`;
}

function onServiceLine(name: string, line: string): void {
  writeLog(name, line);
  const read = readLogLine(line);
  if (!stopping && ["error", "fatal"].includes(read.level)) say(`${name.padEnd(16)} ${coloured(read)}`);
}

function writeLog(name: string, line: string): void {
  logs.write(name, line);
}

/** Players first, then what they depend on, the database last: also of a system that is still starting. */
async function stop(): Promise<void> {
  stopAsked.abort();
  await smokeMatch?.stop();
  await alertWatch;
  for (const service of services) await service.stop();
  // up() tells why they did not start, or why one failed.
  const servers = await infrastructure?.catch(() => undefined);
  await migrating?.catch(() => undefined);
  await servers?.stop();
  logs.close();
  say("stopped");
}

/** With the time that is left from here. */
function sayStep(text: string): void {
  say(`${text}: about ${progress.leftS()} s left`);
}

function say(text: string): void {
  status.clear();
  console.log(text);
}
