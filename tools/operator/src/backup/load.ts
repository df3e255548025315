import path from "node:path";
import { createReadStream } from "node:fs";
import { databaseServices, databaseVariable, paths, secretVariable, SERVICES, type ServiceRow } from "@muster/local";
import { OperatorError } from "../errors.ts";
import { exitCodeOf } from "../programs.ts";
import { type Environment, variable } from "../environment.ts";
import { DUMP, type Manifest } from "./manifest.ts";
import { runProgramWithInput } from "./programs.ts";

/** Not into the server's own binary log: it would be replayed with the next restore. */
export const UNLOGGED = "--init-command=set sql_log_bin = 0";

export async function loadDump(folder: string, server: string): Promise<void> {
  const input = createReadStream(path.join(folder, DUMP));
  await runProgramWithInput({ program: "mariadb", args: [UNLOGGED], server }, input);
}

interface SealedLog {
  readonly service: string;
  /** Variables. */
  readonly database: string;
  readonly key: string;
}

/** The logs that a backup has, and what they are sealed with: without it a copy would be taken for good that nobody has looked into. */
export function auditLogsOf(rows: readonly ServiceRow[]): SealedLog[] {
  return databaseServices(rows)
    .filter(({ secrets }) => secrets?.includes("AUDIT_KEY"))
    .map((row) => ({ service: row.name, database: databaseVariable(row), key: secretVariable(row, "AUDIT_KEY") }));
}

const AUDIT_LOGS = auditLogsOf(SERVICES);

/** @throws OperatorError when one is not set */
export function requireAuditKeys(env: Environment): void {
  for (const { key } of AUDIT_LOGS) variable(env, key);
}

/**
 * Each service's own check of its audit log, on that server. Entries without a seal are named and no reason against a copy: an
 * instance of the release before may have written them a minute ago, and a backup from before seals has nothing else. A backup from before
 * a service had such a log is without it.
 * @throws OperatorError for a log that is not intact
 */
export async function verifyAuditLogs(
  server: string,
  { databases, tables }: Pick<Manifest, "databases" | "tables">,
  env: Environment,
): Promise<void> {
  for (const { service, database } of AUDIT_LOGS) {
    const name = databases[database];
    if (!Object.hasOwn(tables, `${name}.audit_log`)) continue;
    const url = new URL(server);
    url.pathname = `/${name}`;
    const there = { ...env, variables: { ...env.variables, [database]: url.href } };
    const folder = path.join(paths.root, "services", service);
    if ((await exitCodeOf("node", ["src/operator.ts", "verify-audit-log", "--unsealed-too"], there, folder)) !== 0)
      throw new OperatorError(`the audit log of ${service} is broken`);
  }
}
