// `pnpm -r dev` of this package: runs MariaDB, Kafka and nginx until Ctrl-C. The services wait for them (dev-service.ts).
import { chosenPorts, loadEnvironment } from "./environment.ts";
import { claimHome, type HomeHolder } from "./home.ts";
import { type Infrastructure, startInfrastructure } from "./infrastructure.ts";
import { kafkaSettings } from "./kafka-brokers.ts";
import { portVariables } from "./taken-ports.ts";

/** How long the services can still ask why it failed: on a busy machine some ask late. */
const FAILURE_TOLD_FOR_MS = 15_000;

const stopAsked = new AbortController();
const starting = start();
const alive = setInterval(() => undefined, 60_000);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    stop().catch((err: unknown) => console.error(err));
  });
}

try {
  const { url, kafkaReady } = await starting;
  console.log(`MariaDB and nginx are up; the ingress is ${url}`);
  if (await kafkaReady) console.log(`Kafka is up: ${kafkaSettings(loadEnvironment())["MUSTER_KAFKA_BROKERS"]}`);
} catch (err) {
  if (!stopAsked.signal.aborted) {
    console.error(`Muster did not start: ${reasonOf(err)}`);
    process.exitCode = 1;
  }
  setTimeout(() => clearInterval(alive), FAILURE_TOLD_FOR_MS).unref();
}

async function start(): Promise<Infrastructure> {
  const { ingress, base } = chosenPorts();
  const holder: HomeHolder = { by: "pnpm -r dev", pid: process.pid, ingressPort: ingress, portBase: base };
  await claimHome(holder);
  try {
    const env = loadEnvironment();
    const infrastructure = await startInfrastructure(env, {
      onLine(name, line) {
        if (/\[(warn|ERROR|error|emerg)/i.test(line)) console.log(`${name}: ${line}`);
      },
      say: (text) => console.log(text),
      portsAfterwards: portVariables(env).filter((name) => !name.startsWith("MUSTER_")),
      stop: stopAsked.signal,
    });
    holder.servers = "up";
    return infrastructure;
  } catch (err) {
    holder.servers = { failed: reasonOf(err) };
    throw err;
  }
}

function reasonOf(err: unknown): string {
  return err instanceof Error ? err.message : String(err);
}

/** Also while they are starting. */
async function stop(): Promise<void> {
  if (stopAsked.signal.aborted) return;
  stopAsked.abort();
  clearInterval(alive);
  const infrastructure = await starting.catch(() => undefined);
  await infrastructure?.stop();
}
