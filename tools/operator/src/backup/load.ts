import path from "node:path";
import { createReadStream } from "node:fs";
import { paths } from "@muster/local";
import { exitCodeOf } from "../programs.ts";
import type { Environment } from "../environment.ts";
import { DUMP, type Manifest } from "./manifest.ts";
import { runProgramWithInput } from "./programs.ts";

/** Not into the server's own binary log: it would be replayed with the next restore. */
export const UNLOGGED = "--init-command=set sql_log_bin = 0";

export async function loadDump(folder: string, server: string): Promise<void> {
  const input = createReadStream(path.join(folder, DUMP));
  await runProgramWithInput({ program: "mariadb", args: [UNLOGGED], server }, input);
}

/** What the audit log is sealed with: without it a copy would be taken for good that nobody has looked into. */
export const AUDIT_KEY = "IDENTITY_AUDIT_KEY";

/**
 * identity-service's own check of its audit log, on that server. Entries without a seal are named and no reason against a copy: an
 * instance of the release before may have written them a minute ago, and a backup from before seals has nothing else.
 */
export async function auditLogHolds(
  server: string,
  databases: Manifest["databases"],
  env: Environment,
): Promise<boolean> {
  const url = new URL(server);
  url.pathname = `/${databases["IDENTITY_DB_URL"]}`;
  const there = { ...env, variables: { ...env.variables, IDENTITY_DB_URL: url.href } };
  const folder = path.join(paths.root, "services/identity-service");
  return (await exitCodeOf("node", ["src/operator.ts", "verify-audit-log", "--unsealed-too"], there, folder)) === 0;
}
