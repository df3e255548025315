// A Kafka that is gone afterwards: the test run's own, and those that a test starts to kill them.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  findKafka,
  freePort,
  KAFKA_JAVA_ARGS,
  KAFKA_START_MS,
  type SecureListener,
  type KafkaServer,
  kafkaProperties,
  startKafka,
  untilKafkaReady,
} from "@muster/local";
import { runsInContainer, startContainer } from "./containers.ts";

/** Built by scripts/test.sh --containers; no registry has it. */
export const KAFKA_IMAGE = "localhost/muster-test-kafka:4.3.1";

export interface PrivateKafka extends AsyncDisposable {
  /** host:port; the same after each start. */
  readonly brokers: readonly string[];
  /** What it has said since it was made: warnings and errors only. A start, a stop and a kill are none. */
  readonly lines: readonly string[];
  /** Of the process that runs now, or ran last. */
  pid(): Promise<number>;
  /** SIGKILL; resolves when it is gone. Its data stay, as after a crash: what it had not told the disk is not lost. */
  kill(): Promise<void>;
  /** Any signal: SIGSTOP for a broker that hangs, SIGCONT for it to go on. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** After `kill`: on the same data and port. Resolves when it is ready. */
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  stop(): Promise<void>;
}

/** Resolves when it is ready: about a second as a process, on a machine that has nothing else to do; a few in a container. */
export async function startPrivateKafka(): Promise<PrivateKafka> {
  const lines: string[] = [];
  const onLine = (line: string): void => void lines.push(line);
  const inContainer = await runsInContainer(KAFKA_IMAGE, findKafka() !== undefined);
  const server = await (inContainer ? startInContainer(onLine) : startProcess(onLine));
  return Object.assign(server, { lines, [Symbol.asyncDispose]: () => server.stop() });
}

type Server = Omit<PrivateKafka, "lines" | keyof AsyncDisposable>;

/** With one more listener, by TLS with a password: `localhost:port`. Always a process. */
export async function startSecureKafka(
  listener: Omit<SecureListener, "port">,
): Promise<PrivateKafka & { readonly secureBroker: string }> {
  const lines: string[] = [];
  const secure = { ...listener, port: await freePort() };
  const server = await startProcess((line) => void lines.push(line), { secure });
  const secureBroker = `localhost:${secure.port}`;
  return Object.assign(server, { lines, secureBroker, [Symbol.asyncDispose]: () => server.stop() });
}

async function startProcess(
  onLine: (line: string) => void,
  more: { readonly secure?: SecureListener } = {},
): Promise<Server> {
  // Memory where there is some: a test's topics need to survive nothing but the process.
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "muster-kafka-"));
  const dataDir = path.join(folder, "data");
  const options = { dataDir, port: await freePort(), controllerPort: await freePort(), onLine, ...more };
  let server: KafkaServer;
  try {
    server = await startKafka(options);
  } catch (err) {
    rmSync(folder, { recursive: true, force: true });
    throw err;
  }
  return {
    brokers: [`127.0.0.1:${options.port}`],
    pid: async () => server.child.pid,
    async kill() {
      server.child.kill("SIGKILL");
      await server.child.exited;
    },
    async signal(signal) {
      server.child.kill(signal);
    },
    async start() {
      if (server.child.running) throw new Error("it runs already");
      server = await startKafka(options);
    },
    async stop() {
      server.child.kill("SIGCONT");
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As in the image: tools/containers/kafka. */
const IN_IMAGE = { dataDir: "/var/lib/kafka", properties: "/etc/kafka.properties" };

async function startInContainer(onLine: (line: string) => void): Promise<Server> {
  const [port, controllerPort] = [await freePort(), await freePort()];
  const content = kafkaProperties({ dataDir: IN_IMAGE.dataDir, listen: "127.0.0.1", port, controllerPort });
  const container = await startContainer({
    image: KAFKA_IMAGE,
    command: KAFKA_JAVA_ARGS,
    files: [{ content, target: IN_IMAGE.properties }],
    onLine,
  });
  const ready = (): Promise<void> => container.untilReady((failed) => untilKafkaReady(port, KAFKA_START_MS, failed));
  await ready();
  return {
    brokers: [`127.0.0.1:${port}`],
    pid: () => container.pid(),
    kill: () => container.kill(),
    signal: (signal) => container.signal(signal),
    async start() {
      await container.start();
      await ready();
    },
    stop: () => container.stop(),
  };
}
