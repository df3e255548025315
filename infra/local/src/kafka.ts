// A private Kafka of one node, broker and controller in one process, without ZooKeeper: its data in a folder of ours. Like MariaDB it is
// made by copying a template. The template comes with an archive of loaded classes, which halves the time and the CPU of a start.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { type Child, spawnChild } from "./child.ts";
import { makeFolders } from "./folders.ts";
import { findKafka, type KafkaPrograms } from "./kafka-jars.ts";
import { KAFKA_JAVA_ARGS, kafkaProperties, type SecureListener } from "./kafka-properties.ts";
import { untilKafkaReady } from "./kafka-ready.ts";
import { freePort } from "./ports.ts";
import { writeWhole } from "./whole-file.ts";

export interface KafkaServer {
  /** host:port */
  readonly broker: string;
  readonly port: number;
  readonly child: Child;
  stop(): Promise<void>;
}

export interface KafkaOptions {
  readonly dataDir: string;
  readonly port: number;
  /** Between the two halves of the process only. */
  readonly controllerPort: number;
  readonly secure?: SecureListener;
  readonly onLine?: (line: string) => void;
  /** Aborts while it starts: nothing of it runs then. */
  readonly stop?: AbortSignal;
}

export interface KafkaCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

export const KAFKA_START_MS = 60_000;
const SAID_LINES = 40;

/** Starts a broker on an existing or new data folder, and waits until it is ready. @throws Error with what it said when it does not start */
export async function startKafka(options: KafkaOptions): Promise<KafkaServer> {
  const { port } = options;
  const child = await startReady(await kafkaCommand(options), options);
  return { broker: `127.0.0.1:${port}`, port, child, stop: () => child.stop() };
}

/** Makes the template now, not at the first start. @throws Error when there is no Kafka, or it does not start */
export async function prepareKafka(): Promise<void> {
  await templateDir(installed(), undefined);
}

/** @throws Error */
function installed(): KafkaPrograms {
  const found = findKafka();
  if (!found) throw new Error("Kafka is not installed: scripts/setup.sh does it, or set MUSTER_KAFKA_BROKERS");
  return found;
}

/** What starts the broker. Makes the data folder when there is none. */
export async function kafkaCommand(options: KafkaOptions): Promise<KafkaCommand> {
  const found = installed();
  const { dataDir } = options;
  if (dataDir.includes(",")) throw new Error(`Kafka takes a list of folders: ${dataDir} may have no comma in its path`);
  const template = await templateDir(found, options.stop);
  if (!existsSync(dataDir)) {
    makeFolders(path.dirname(dataDir));
    copyWhole(path.join(template, "data"), dataDir);
    chmodSync(dataDir, 0o700); // events tell of players
  }
  return commandWith(found, options, archiveArgs(path.join(template, ARCHIVE)));
}

function commandWith(
  { java, classPath }: KafkaPrograms,
  options: KafkaOptions,
  javaArgs: readonly string[],
): KafkaCommand {
  const properties = `${options.dataDir}.properties`;
  writeWhole(properties, kafkaProperties({ ...options, listen: "127.0.0.1" }));
  const args = [...KAFKA_JAVA_ARGS, ...javaArgs, "-cp", classPath, "kafka.Kafka", properties];
  return { command: java, args, env: javaEnvironment() };
}

/** Java reads paths as the locale says: in that of a bare shell, only ASCII. */
function javaEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LC_ALL: "C.UTF-8" };
}

async function startReady(command: KafkaCommand, { port, onLine, stop }: KafkaOptions): Promise<Child> {
  const said: string[] = [];
  const child = spawnChild({
    name: "kafka",
    ...command,
    onLine: (line) => {
      said.push(line);
      if (said.length > SAID_LINES) said.shift();
      onLine?.(line);
    },
  });
  try {
    await untilKafkaReady(port, KAFKA_START_MS, () => (stop?.aborted ? "stopped while it started" : child.ended));
    return child;
  } catch (err) {
    await child.stop();
    throw new Error(`kafka: ${(err as Error).message}; it said:\n${said.join("\n")}`, { cause: err });
  }
}

/** One that is missing or does not fit is ignored, silently. */
function archiveArgs(archive: string): string[] {
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`, "-Xshare:auto", "-Xlog:cds=off"] : [];
}

const ARCHIVE = "classes.jsa";

/** Made once per Kafka and Java: a data folder on which a broker has run, so that its internal topics are there. */
async function templateDir(found: KafkaPrograms, stop: AbortSignal | undefined): Promise<string> {
  const dir = found.templateDir;
  if (existsSync(dir)) return dir;
  const making = `${dir}.${process.pid}`;
  try {
    makeFolders(making);
    await makeTemplate(making, found, stop);
    renameSync(making, dir);
  } catch (err) {
    if (!existsSync(dir)) throw err;
  } finally {
    // Another process was faster, or it failed half-way.
    rmSync(making, { recursive: true, force: true });
  }
  return dir;
}

async function makeTemplate(dir: string, found: KafkaPrograms, stop: AbortSignal | undefined): Promise<void> {
  const ports = { port: await freePort(), controllerPort: await freePort() };
  const options = { dataDir: path.join(dir, "data"), ...ports, ...(stop && { stop }) };
  const recording = commandWith(found, options, [
    `-XX:ArchiveClassesAtExit=${path.join(dir, ARCHIVE)}`,
    "-Xlog:cds=off",
    "-Xlog:cds+dynamic=off",
  ]);
  const format = ["format", `--cluster-id=${clusterId()}`, `--config=${options.dataDir}.properties`];
  execFileSync(found.java, [...KAFKA_JAVA_ARGS, "-cp", found.classPath, "kafka.tools.StorageTool", ...format], {
    env: javaEnvironment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const child = await startReady(recording, options);
  await child.stop(KAFKA_START_MS); // it writes the archive, which takes a while
}

/** As Kafka makes them: 16 bytes in 22 characters. */
function clusterId(): string {
  return randomBytes(16).toString("base64url");
}

/** All of it or nothing: half a data folder, left by a disk that was full, would be in the way of every later start. */
function copyWhole(from: string, to: string): void {
  const making = `${to}.${process.pid}`;
  try {
    cpSync(from, making, { recursive: true });
    renameSync(making, to);
  } catch (err) {
    rmSync(making, { recursive: true, force: true });
    throw err;
  }
}
