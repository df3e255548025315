// A MariaDB that is gone afterwards: the test run's own, and those that a test starts to kill them.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import {
  findMariadb,
  freePort,
  type MariadbServer,
  mariadbSettings,
  provision,
  startMariadb,
  waitForPort,
} from "@muster/local";
import { runsInContainer, startContainer } from "./containers.ts";

export const MARIADB_IMAGE = "mariadb:10.11";
const CONTAINER_START_MS = 60_000;

export interface PrivateMariadb extends AsyncDisposable {
  /** mysql://root:…/ */
  readonly adminUrl: string;
  /** Empty databases, one per service. @returns URLs by service */
  databases(): ReturnType<typeof provision>;
  /** SIGKILL; resolves when it is gone. What it had committed it has when it starts again. */
  kill(): Promise<void>;
  /** Any signal: SIGSTOP for a server that hangs, SIGCONT for it to go on. */
  signal(signal: NodeJS.Signals): Promise<void>;
  /** After `kill`: on the same data and port. Resolves when it is ready. */
  start(): Promise<void>;
}

type Server = Omit<PrivateMariadb, "databases">;

/** `durable`: what is committed is on the disk, as in production; without it, a crash may lose the last second. */
export async function startPrivateMariadb({ durable } = { durable: true }): Promise<PrivateMariadb> {
  const inContainer = await runsInContainer(MARIADB_IMAGE, findMariadb() !== undefined);
  const server = await (inContainer ? startInContainer(durable) : startProcess(durable));
  return Object.assign(server, {
    databases: () =>
      provision({
        adminUrl: server.adminUrl,
        suffix: `test_${randomBytes(6).toString("hex")}`,
        passwordOf: (user) => `test-${user}`,
      }),
  });
}

async function startProcess(durable: boolean): Promise<Server> {
  // Memory where there is some: a test's database needs to survive nothing but the process.
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "muster-mariadb-"));
  const options = { dataDir: path.join(folder, "data"), port: await freePort(), durable };
  let server: MariadbServer = await startMariadb(options);
  return {
    adminUrl: server.adminUrl,
    async kill() {
      server.child.kill("SIGKILL");
      await server.child.exited;
    },
    async signal(signal) {
      server.child.kill(signal);
    },
    async start() {
      server = await startMariadb(options);
    },
    async [Symbol.asyncDispose]() {
      server.child.kill("SIGCONT");
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startInContainer(durable: boolean): Promise<Server> {
  const [port, password] = [await freePort(), randomBytes(12).toString("hex")];
  const container = await startContainer({
    image: MARIADB_IMAGE,
    env: { MARIADB_ROOT_PASSWORD: password },
    command: mariadbSettings({ port, durable }),
  });
  const ready = (): Promise<void> => container.untilReady((failed) => waitForPort(port, CONTAINER_START_MS, failed));
  await ready();
  return {
    adminUrl: `mysql://root:${password}@127.0.0.1:${port}/`,
    kill: () => container.kill(),
    signal: (signal) => container.signal(signal),
    async start() {
      await container.start();
      await ready();
    },
    [Symbol.asyncDispose]: () => container.stop(),
  };
}
