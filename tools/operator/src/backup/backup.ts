// A backup: one consistent dump of all services' schemas, the place in the binary log where it ends, and proof that it
// can be restored. The binary logs that follow are fetched by `backup-logs`, again and again.
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import os from "node:os";
import path from "node:path";
import { findMariadb, freePort, makeFolders, startMariadb, type MariadbServer } from "@muster/local";
import { type Command, say } from "../command.ts";
import { OperatorError, UsageError } from "../errors.ts";
import { withServer } from "../databases.ts";
import { type Environment, variable } from "../environment.ts";
import { verifyAuditLogs, loadDump, requireAuditKeys } from "./load.ts";
import {
  BINARY_LOGS,
  databasesOf,
  differences,
  DUMP,
  type Manifest,
  readManifest,
  sha256Of,
  tableStates,
  writeManifest,
} from "./manifest.ts";
import { runProgram } from "./programs.ts";

const HEAD_BYTES = 16_384;
const TAIL_BYTES = 4096;
const FILES_MAX = 100_000;
/** A log's first events: what it is a log of. */
const LOG_HEAD_BYTES = 256;
/** In the flags of the first event: four bytes of "magic", then its header of 19. */
const LOG_IN_USE_AT = 4 + 17;

export const backup: Command = {
  takes: "FOLDER",
  does: "Dumps all schemas, as of one moment, into a new folder, restores the dump on a private server, and prints its tables and rows.",
  async run(args, env) {
    const folder = folderFrom(args);
    if (existsSync(folder) && readdirSync(folder).length > 0) throw new OperatorError(`${folder} is not empty`);
    const server = variable(env, "MUSTER_DB_URL");
    requireAuditKeys(env);
    if (!findMariadb())
      throw new OperatorError(
        "mariadbd is missing (Debian: mariadb-server-core); it is needed to test the backup by restoring it",
      );
    makeFolder(folder);
    try {
      await backUp(server, folder, env);
    } catch (err) {
      // Half a backup is none, and the next try takes an empty folder only.
      for (const name of readdirSync(folder)) rmSync(path.join(folder, name), { recursive: true });
      throw err;
    }
    return 0;
  },
};

function makeFolder(folder: string): void {
  try {
    makeFolders(path.join(folder, BINARY_LOGS), 0o700);
  } catch (err) {
    throw new OperatorError((err as Error).message);
  }
}

async function backUp(server: string, folder: string, env: Environment): Promise<void> {
  await withServer(server, async (db) => {
    const [row] = await db.query<{ on: number; format: string }[]>(
      "select @@log_bin as `on`, @@binlog_format as format",
    );
    if (Number(row?.on) !== 1)
      throw new OperatorError("the server writes no binary log, so nothing after the dump could be restored");
    if (row?.format !== "ROW")
      throw new OperatorError(
        `the server's binlog_format is ${row?.format}: only ROW restores exactly what was written`,
      );
  });
  const databases = databasesOf(env);
  await dump(server, Object.values(databases), folder);
  const file = path.join(folder, DUMP);
  const before = {
    takenAt: new Date().toISOString(),
    databases,
    binaryLog: binlogPositionIn(file),
    sha256: await sha256Of(file),
    tables: {},
  };
  const tables = await restoreTest(folder, before, env);
  const missing = await tablesMissing(server, tables, Object.values(databases));
  if (missing.length > 0) throw new OperatorError(`the dump lacks ${missing.join(", ")}`);
  writeManifest(folder, { ...before, tables });
  await fetchLogs(server, folder, before);
  for (const [name, { rows }] of Object.entries(tables)) say(`${name.padEnd(48)} ${rows} rows`);
  say(
    `the backup in ${folder} was restored on a private server and is good; binary log from ${before.binaryLog.gtid || "its start"}`,
  );
}

export const backupLogs: Command = {
  takes: "FOLDER",
  does: "Copies the binary logs since that backup into its folder, so that everything up to now can be restored. Run it every minute.",
  async run(args, env) {
    const folder = folderFrom(args);
    const manifest = readManifest(folder);
    const files = await fetchLogs(variable(env, "MUSTER_DB_URL"), folder, manifest);
    say(`${files} binary logs are in ${path.join(folder, BINARY_LOGS)}`);
    return 0;
  },
};

export const verifyBackup: Command = {
  takes: "FOLDER",
  does: "Restores that backup on a private server and compares every table with the backup's manifest.",
  async run(args, env) {
    const folder = folderFrom(args);
    const manifest = readManifest(folder);
    requireAuditKeys(env);
    if ((await sha256Of(path.join(folder, DUMP))) !== manifest.sha256)
      throw new OperatorError("the dump has been changed");
    const different = differences(manifest.tables, await restoreTest(folder, manifest, env));
    if (different.length > 0) throw new OperatorError(`these tables differ from the manifest: ${different.join(", ")}`);
    say(`${Object.keys(manifest.tables).length} tables are as they were at ${manifest.takenAt}`);
    return 0;
  },
};

async function dump(server: string, databases: readonly string[], folder: string): Promise<void> {
  const args = [
    "--single-transaction", // one moment for all schemas, and nobody waits
    "--master-data=2",
    "--gtid",
    "--quick",
    "--hex-blob",
    "--routines",
    "--triggers",
    "--events",
    "--databases",
    ...databases,
  ];
  const file = path.join(folder, DUMP);
  await runProgram({ program: "mariadb-dump", args, server }, file);
  if (!tailOf(file).includes("-- Dump completed")) throw new OperatorError("the dump is not complete");
}

/** As mariadb-dump writes it: file and position into the head of its file, the GTID near the end. */
function binlogPositionIn(file: string): Manifest["binaryLog"] {
  const head = bytesOf(file, 0, HEAD_BYTES).toString();
  const found = /MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+)/.exec(head);
  if (!found) throw new OperatorError("the dump does not say where the binary log continues");
  const gtid = /gtid_slave_pos='([^']*)'/.exec(tailOf(file))?.[1] ?? "";
  return { file: found[1] as string, position: Number(found[2]), gtid };
}

async function restoreTest(folder: string, { databases }: Manifest, env: Environment): Promise<Manifest["tables"]> {
  const scratch = mkdtempSync(path.join(os.tmpdir(), "muster-restore-"));
  let server: MariadbServer | undefined;
  try {
    server = await startMariadb({ dataDir: path.join(scratch, "data"), port: await freePort(), durable: false });
    await loadDump(folder, server.adminUrl);
    const tables = await tableStates(server.adminUrl, Object.values(databases));
    await verifyAuditLogs(server.adminUrl, { databases, tables }, env);
    return tables;
  } finally {
    await server?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function tablesMissing(
  server: string,
  tables: Manifest["tables"],
  databases: readonly string[],
): Promise<string[]> {
  const live = await withServer(server, (db) =>
    db.query<{ n: string }[]>(
      `select concat(table_schema, '.', table_name) as n from information_schema.tables
        where table_schema in (?) and table_type = 'BASE TABLE'`,
      [databases],
    ),
  );
  return live.map(({ n }) => n).filter((name) => !(name in tables));
}

/**
 * From the newest file that is here on, and beside the kept ones: a server that dies meanwhile, or another run of this, spoils none of them.
 * @returns how many there are
 */
async function fetchLogs(server: string, folder: string, { binaryLog }: Manifest): Promise<number> {
  const first = logFilesIn(folder).at(-1) ?? binaryLog.file;
  const cwd = mkdtempSync(path.join(folder, "fetching-"));
  try {
    const args = ["--read-from-remote-server", "--raw", "--to-last-log", first];
    await runProgram({ program: "mariadb-binlog", args, server, cwd });
    // The one that is here already comes first: when it is another log, none of the others is taken.
    for (const file of readdirSync(cwd).toSorted())
      keepLonger(path.join(cwd, file), path.join(folder, BINARY_LOGS, file));
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
  return logFilesIn(folder).length;
}

/**
 * A binary log only ever grows: of two copies the longer one is kept.
 * @throws OperatorError for copies of two different logs: a server that was restored, or another one, gives out the same names again
 */
export function keepLonger(fetched: string, kept: string): void {
  if (existsSync(kept)) {
    const bytes = Math.min(statSync(fetched).size, statSync(kept).size);
    if (!beginning(fetched, bytes).equals(beginning(kept, bytes)))
      throw new OperatorError(
        `${path.basename(kept)} of this server is not the log in the backup: the backup is from another server, or from this one before it was restored. Take a new backup`,
      );
    if (statSync(fetched).size < statSync(kept).size) return;
  }
  renameSync(fetched, kept);
}

/** With the time at which the log was begun. The flag that it is still written to is left out. */
function beginning(log: string, bytesMax: number): Buffer {
  const bytes = bytesOf(log, 0, Math.min(bytesMax, LOG_HEAD_BYTES));
  if (bytes.length > LOG_IN_USE_AT) bytes[LOG_IN_USE_AT] = 0;
  return bytes;
}

/** In the order in which they were written. */
export function logFilesIn(folder: string): string[] {
  const files = readdirSync(path.join(folder, BINARY_LOGS)).filter((file) => /\.\d+$/.test(file));
  if (files.length > FILES_MAX) throw new OperatorError(`more than ${FILES_MAX} binary logs: take a new backup`);
  return files.sort((a, b) => Number(a.split(".").at(-1)) - Number(b.split(".").at(-1)));
}

export function folderFrom(args: readonly string[]): string {
  const [folder, ...more] = args;
  // What was meant for an option is no name of a folder: the whole dump would lie wherever the shell stands.
  if (!folder || folder.startsWith("-") || more.length > 0) throw new UsageError("a folder is missing");
  return path.resolve(folder);
}

function tailOf(file: string): string {
  const { size } = statSync(file);
  return bytesOf(file, Math.max(0, size - TAIL_BYTES), TAIL_BYTES).toString();
}

function bytesOf(file: string, from: number, bytes: number): Buffer {
  const opened = openSync(file, "r");
  try {
    const buffer = Buffer.alloc(bytes);
    return buffer.subarray(0, readSync(opened, buffer, 0, bytes, from));
  } finally {
    closeSync(opened);
  }
}
