// A MariaDB in a folder that is gone afterwards, for tests that kill it: the test run's own is everybody's.
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { freePort, type MariadbServer, provision, startMariadb } from "@muster/local";

export interface PrivateMariadb extends AsyncDisposable {
  /** Empty databases, one per service. @returns URLs by service */
  databases(): ReturnType<typeof provision>;
  /** SIGKILL; resolves when it is gone. What it had committed it has when it starts again. */
  kill(): Promise<void>;
  /** Any signal: SIGSTOP for a server that hangs, SIGCONT for it to go on. */
  signal(signal: NodeJS.Signals): void;
  /** After `kill`: on the same data and port. Resolves when it is ready. */
  start(): Promise<void>;
}

export async function startPrivateMariadb(): Promise<PrivateMariadb> {
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "muster-mariadb-"));
  const options = { dataDir: path.join(folder, "data"), port: await freePort(), durable: true };
  let server: MariadbServer = await startMariadb(options);
  return {
    databases: () =>
      provision({
        adminUrl: server.adminUrl,
        suffix: `test_${randomBytes(6).toString("hex")}`,
        passwordOf: (user) => `test-${user}`,
      }),
    async kill() {
      server.child.kill("SIGKILL");
      await server.child.exited;
    },
    signal: (signal) => server.child.kill(signal),
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
