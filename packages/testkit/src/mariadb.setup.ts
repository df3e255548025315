// One private MariaDB for a whole test run; each test file gets its own databases in it.
import os from "node:os";
import path from "node:path";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { findMariadb, findNginx, freePort, startMariadb } from "@muster/local";
import type { TestProject } from "vitest/node";
import { containersUsable, MARIADB_IMAGE, startMariadbContainer } from "./containers.ts";
import type {} from "./databases.ts"; // what is provided, by type

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const inContainer = await containersUsable();
  const missing = [...(inContainer || findMariadb() ? [] : ["MariaDB"]), ...(findNginx() ? [] : ["nginx"])];
  if (missing.length > 0) {
    const text = `${missing.join(" and ")} missing: scripts/test.sh installs what the tests need`;
    if (process.env["CI"]) throw new Error(text);
    console.warn(`\n!!! ${text}. THE TESTS THAT NEED IT ARE SKIPPED.\n`);
  }
  project.provide("hasNginx", findNginx() !== undefined);
  if (inContainer) {
    console.log(`the tests' MariaDB runs in a container of ${MARIADB_IMAGE}`);
    const container = await startMariadbContainer();
    project.provide("mariadbAdminUrl", container.adminUrl);
    return container.stop;
  }
  if (!findMariadb()) {
    project.provide("mariadbAdminUrl", "");
    return async () => undefined;
  }
  // Memory where there is some: a test database needs to survive nothing.
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir(), "muster-test-"));
  const server = await startMariadb({ dataDir: path.join(folder, "data"), port: await freePort(), durable: false });
  project.provide("mariadbAdminUrl", server.adminUrl);
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
