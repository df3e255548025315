// `pnpm -r dev` of a service: waits for the database, migrates it, runs the service, and restarts it after a crash or a source change.
import { spawnSync } from "node:child_process";
import path from "node:path";
import { chosenPorts, loadEnvironment, serviceEnvironment } from "./environment.ts";
import { homeHolder, refusal } from "./home.ts";
import { databaseUrlsFor, usesExistingDatabase } from "./infrastructure.ts";
import { kafkaSettings, untilPrivateKafka } from "./kafka-brokers.ts";
import { coloured, readLogLine } from "./log-lines.ts";
import { paths } from "./paths.ts";
import { waitForPort } from "./ports.ts";
import { deploymentOf, kafkaVariables, serviceOf } from "./services.ts";
import { supervise } from "./supervised.ts";
import { watchSources } from "./watched-sources.ts";

const DATABASE_WAIT_MS = 120_000;
/** Until MariaDB and nginx of `pnpm -r dev` have begun to start, which they do at the same time as this. */
const SERVERS_SEEN_WITHIN_MS = 10_000;

const spec = serviceOf(process.argv[2] ?? "");
const root = path.join(paths.root, "services", spec.name);
const say = (text: string): void => console.log(text);
try {
  await refuseBesideAnother();
  await serversUp();
} catch (err) {
  console.error(`${spec.name} did not start: ${err instanceof Error ? err.message : String(err)}`);
  process.exit(1);
}
const env: Record<string, string | undefined> = {
  ...serviceEnvironment(loadEnvironment()),
  SHARD_DRAIN_WITHIN_MS: process.env["SHARD_DRAIN_WITHIN_MS"] ?? "500",
};

if (spec.database) await prepareDatabase();
if (spec.kafka) await prepareKafka();
const service = supervise(
  {
    name: spec.name,
    command: paths.node,
    args: [...deploymentOf(spec).nodeArgs, "src/main.ts"],
    cwd: root,
    env,
    onLine: (line) => say(coloured(readLogLine(line))),
  },
  say,
);
const unwatch = watchSources(root, (file) => {
  say(`${path.relative(paths.root, file)} changed; restarting`);
  service.restart().catch((err: unknown) => say(`could not be restarted: ${String(err)}`));
});

const stop = async (): Promise<void> => {
  unwatch();
  await service.stop();
};
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    stop().catch((err: unknown) => say(String(err)));
  });
}

/** Before the environment is read, which would write other ports into the file that a running system is found by. */
async function refuseBesideAnother(): Promise<void> {
  const holder = await homeHolder();
  const { ingress, base: portBase } = chosenPorts();
  const isOurs = holder?.by === "pnpm -r dev" && holder.ingressPort === ingress && holder.portBase === portBase;
  if (holder && !isOurs) throw new Error(refusal(holder));
}

/**
 * Without them no service does its work, and what each would say of that for ever hides why they did not start. One that is
 * started by itself, with servers from elsewhere, waits for nobody for long.
 */
async function serversUp(): Promise<void> {
  if (process.platform !== "linux") return; // see home.ts
  const seenBy = performance.now() + SERVERS_SEEN_WITHIN_MS;
  let seen = false;
  for (;;) {
    const holder = await homeHolder();
    if (holder?.servers === "up") return;
    if (holder?.servers) throw new Error(holder.servers.failed);
    if (!holder && seen) throw new Error("MariaDB and nginx were stopped");
    if (!holder && performance.now() > seenBy) return say("found no MariaDB and nginx started by `pnpm -r dev`");
    seen ||= holder !== undefined;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function prepareDatabase(): Promise<void> {
  if (!usesExistingDatabase()) {
    say("waiting for MariaDB");
    await waitForPort(Number(env["MUSTER_MARIADB_PORT"]), DATABASE_WAIT_MS);
  }
  Object.assign(env, await databaseUrlsFor(env));
  const migrated = spawnSync(paths.node, ["src/migrate.ts"], {
    cwd: root,
    env: env as NodeJS.ProcessEnv,
    encoding: "utf8",
  });
  for (const line of migrated.stdout.split("\n").filter(Boolean)) say(coloured(readLogLine(line)));
  if (migrated.status !== 0) throw new Error(`the migration failed:\n${migrated.stderr}`);
}

/** A Kafka that does not start is no reason not to: events wait in the outbox. */
async function prepareKafka(): Promise<void> {
  for (const [name, value] of Object.entries(kafkaVariables(spec, kafkaSettings(env)))) env[name] ??= value;
  await untilPrivateKafka(env).catch((err: unknown) => say(String(err)));
}
