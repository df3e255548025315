// One private MariaDB for a whole test run; each test file gets its own databases in it.
import { findMariadb, findNginx } from "@muster/local";
import type { TestProject } from "vitest/node";
import { runsInContainer } from "./containers.ts";
import type {} from "./databases.ts"; // what is provided, by type
import { MARIADB_IMAGE, startPrivateMariadb } from "./private-mariadb.ts";

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const hasMariadb = findMariadb() !== undefined;
  const inContainer = await runsInContainer(MARIADB_IMAGE, hasMariadb);
  const missing = [...(inContainer || hasMariadb ? [] : ["MariaDB"]), ...(findNginx() ? [] : ["nginx"])];
  if (missing.length > 0) {
    const text = `${missing.join(" and ")} missing: scripts/test.sh installs what the tests need`;
    if (process.env["CI"]) throw new Error(text);
    console.warn(`\n!!! ${text}. THE TESTS THAT NEED IT ARE SKIPPED.\n`);
  }
  project.provide("hasNginx", findNginx() !== undefined);
  if (!inContainer && !hasMariadb) {
    project.provide("mariadbAdminUrl", "");
    return async () => undefined;
  }
  if (inContainer) console.log(`the tests' MariaDB runs in a container of ${MARIADB_IMAGE}`);
  const server = await startPrivateMariadb({ durable: false });
  project.provide("mariadbAdminUrl", server.adminUrl);
  return async () => server[Symbol.asyncDispose]();
}
