// A Kafka in a folder that is gone afterwards: the test run's own, and those that a test starts to kill them.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, type KafkaServer, startKafka } from "@muster/local";

export interface PrivateKafka extends AsyncDisposable {
  /** host:port; the same after each start. */
  readonly brokers: readonly string[];
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** What it has said since it was made: warnings and errors only. A start, a stop and a kill are none. */
  readonly lines: readonly string[];
  /** SIGKILL; resolves when it is gone. Its data stay, as after a crash: what it had not told the disk is not lost. */
  kill(): Promise<void>;
  /** Any signal: SIGSTOP for a broker that hangs, SIGCONT for it to go on. */
  signal(signal: NodeJS.Signals): void;
  /** After `kill`: on the same data and port. Resolves when it is ready. */
  start(): Promise<void>;
  /** Ends it, and removes its data. */
  stop(): Promise<void>;
}

/** Resolves when it is ready: about a second, on a machine that has nothing else to do. */
export async function startPrivateKafka(): Promise<PrivateKafka> {
  // Memory where there is some: a test's topics need to survive nothing but the process.
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "muster-kafka-"));
  const lines: string[] = [];
  const options = {
    dataDir: path.join(folder, "data"),
    port: await freePort(),
    controllerPort: await freePort(),
    onLine: (line: string) => void lines.push(line),
  };
  let server: KafkaServer;
  try {
    server = await startKafka(options);
  } catch (err) {
    rmSync(folder, { recursive: true, force: true });
    throw err;
  }
  const stop = async (): Promise<void> => {
    server.child.kill("SIGCONT");
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    brokers: [`127.0.0.1:${options.port}`],
    get pid() {
      return server.child.pid;
    },
    lines,
    async kill() {
      server.child.kill("SIGKILL");
      await server.child.exited;
    },
    signal: (signal) => server.child.kill(signal),
    async start() {
      if (server.child.running) throw new Error("it runs already");
      server = await startKafka(options);
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
