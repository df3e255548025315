// A private MariaDB server: not a system service, no password prompt, data in a folder of its own. Its data folder is a copy
// of a template that is created once, so a new server takes about 0.2 s.
import { execFileSync, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { makeFolders } from "./folders.ts";
import { type Child, spawnListening } from "./child.ts";
import { paths } from "./paths.ts";
import { writeWhole } from "./whole-file.ts";

export interface MariadbServer {
  /** mysql://root:…@127.0.0.1:port/ */
  readonly adminUrl: string;
  readonly port: number;
  readonly child: Child;
  stop(): Promise<void>;
}

export interface MariadbOptions {
  readonly dataDir: string;
  readonly port: number;
  /** False: a crash may lose the last second, as tests may. */
  readonly durable: boolean;
  readonly onLine?: (line: string) => void;
}

export const MARIADB_START_MS = 30_000;

/** Undefined when MariaDB is not installed. */
export function findMariadb(): { readonly server: string; readonly install: string } | undefined {
  const [server, install] = [inPath("mariadbd"), inPath("mariadb-install-db")];
  return server && install ? { server, install } : undefined;
}

/** Starts a server on an existing or new data folder. @throws Error with what the server said when it does not start. */
export async function startMariadb(options: MariadbOptions): Promise<MariadbServer> {
  const { port, onLine } = options;
  const child = await spawnListening(
    { port, withinMs: MARIADB_START_MS },
    { name: "mariadb", ...mariadbCommand(options), ...(onLine && { onLine }) },
  );
  return {
    adminUrl: privateAdminUrl(options.dataDir, port),
    port,
    child,
    stop: () => child.stop(),
  };
}

/** The command that starts the server. Creates the data folder and the password if they do not exist. */
export function mariadbCommand(options: MariadbOptions): { command: string; args: string[] } {
  const found = findMariadb();
  if (!found)
    throw new Error(
      "MariaDB is not installed: apt-get install mariadb-server-core mariadb-client-core, or set MUSTER_DB_URL",
    );
  const { dataDir } = options;
  if (!existsSync(dataDir)) {
    makeFolders(path.dirname(dataDir));
    copyWhole(templateDir(found), dataDir);
  }
  makeFolders(temporaryDir(dataDir));
  writePassword(dataDir);
  return { command: found.server, args: serverArgs(options) };
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

/**
 * The root password of a data folder, made once, in a file that only its owner may read. The server sets it at every start,
 * before it takes connections: a folder from a version with another password is taken over.
 */
function writePassword(dataDir: string): void {
  if (!existsSync(passwordFile(dataDir))) writeWhole(passwordFile(dataDir), randomBytes(24).toString("hex"));
  const password = readPassword(dataDir);
  const statements = [
    "set sql_log_bin = 0;", // a restore must not bring back an old password
    `alter user root@localhost identified by '${password}';`,
    `create or replace user root@'127.0.0.1' identified by '${password}';`,
    "grant all on *.* to root@'127.0.0.1' with grant option;",
  ];
  writeWhole(initFile(dataDir), `${statements.join("\n")}\n`);
}

function readPassword(dataDir: string): string {
  const password = readFileSync(passwordFile(dataDir), "utf8").trim();
  if (!/^[0-9a-f]{32,}$/.test(password))
    throw new Error(`${passwordFile(dataDir)} does not contain a password that Muster wrote`);
  return password;
}

const passwordFile = (dataDir: string): string => `${dataDir}.password`;
const initFile = (dataDir: string): string => `${dataDir}.init.sql`;

/** @throws Error when no server was ever started on the folder */
export function privateAdminUrl(dataDir: string, port: number): string {
  return `mysql://root:${readPassword(dataDir)}@127.0.0.1:${port}/`;
}

/** A server that starts deletes every temporary table in its folder for them, also those of others that are in use. */
function temporaryDir(dataDir: string): string {
  return `${dataDir}.tmp`;
}

/** What restores everything after a backup, up to any moment (runbooks/backup-and-restore.md). A week of it. */
const BINARY_LOG = [
  "--log-bin=binlog",
  "--server-id=1",
  "--binlog-format=ROW",
  "--sync-binlog=1",
  "--max-binlog-size=64M",
  "--binlog-expire-logs-seconds=604800",
];

/** As root, the server wants to be told so. Anybody else is who they are, with an entry in /etc/passwd or without, as in some containers. */
export function serverUser(uid: number | undefined): string[] {
  return uid === 0 ? ["--user=root"] : [];
}

function serverArgs({ dataDir, port, durable }: MariadbOptions): string[] {
  return [
    "--no-defaults",
    `--datadir=${dataDir}`,
    `--tmpdir=${temporaryDir(dataDir)}`,
    ...serverUser(process.getuid?.()),
    `--init-file=${initFile(dataDir)}`,
    `--socket=${path.join(dataDir, "s.sock")}`,
    `--pid-file=${path.join(dataDir, "mariadbd.pid")}`,
    ...mariadbSettings({ port, durable }),
  ];
}

/** Of the server, wherever it has its files. */
export function mariadbSettings({ port, durable }: Pick<MariadbOptions, "port" | "durable">): string[] {
  return [
    `--port=${port}`,
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",
    "--default-time-zone=+00:00",
    "--max-connections=300",
    "--innodb-buffer-pool-size=64M",
    "--innodb-use-native-aio=0",
    "--performance-schema=OFF",
    ...(durable ? BINARY_LOG : ["--innodb-flush-log-at-trx-commit=0", "--sync-binlog=0"]),
  ];
}

/** Changes with what a template holds. */
const TEMPLATE_VERSION = 2;

/** An empty data folder, made once per MariaDB version. Its root has no password: no server runs on it. */
function templateDir({ server, install }: { server: string; install: string }): string {
  const version =
    /Ver ([\w.-]+)/.exec(execFileSync(server, ["--no-defaults", "--version"], { encoding: "utf8" }))?.[1] ?? "unknown";
  const dir = path.join(paths.mariadbTemplates, `${version}-${TEMPLATE_VERSION}`);
  if (existsSync(dir)) return dir;
  const making = `${dir}.${process.pid}`;
  const bridge = mkdtempSync(path.join(os.tmpdir(), "muster-template-"));
  try {
    // MariaDB's installer is a shell script that takes a path apart at its spaces: it gets there by one that has none.
    makeFolders(paths.mariadbTemplates);
    symlinkSync(paths.mariadbTemplates, path.join(bridge, "templates"));
    makeTemplate(path.join(bridge, "templates", path.basename(making)), { server, install });
    renameSync(making, dir);
  } catch (err) {
    if (!existsSync(dir)) throw err;
  } finally {
    // Another process was faster, or it failed half-way.
    for (const left of [making, temporaryDir(making), bridge]) rmSync(left, { recursive: true, force: true });
  }
  return dir;
}

function makeTemplate(dataDir: string, { server, install }: { server: string; install: string }): void {
  const temporary = temporaryDir(dataDir);
  makeFolders(temporary);
  execFileSync(
    install,
    [
      "--no-defaults",
      `--datadir=${dataDir}`,
      `--tmpdir=${temporary}`,
      ...serverUser(process.getuid?.()),
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
      "--innodb-log-file-size=16M",
      "--innodb-use-native-aio=0",
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const bootstrap = `
    use mysql;
    flush privileges;
    delete from global_priv where User = '' or (User = 'root' and Host <> 'localhost');
  `
    .replaceAll("\n", " ")
    .replaceAll(";", ";\n");
  execFileSync(
    server,
    [
      "--no-defaults",
      "--bootstrap",
      `--datadir=${dataDir}`,
      `--tmpdir=${temporary}`,
      ...serverUser(process.getuid?.()),
      "--innodb-use-native-aio=0",
    ],
    {
      input: bootstrap,
      stdio: ["pipe", "ignore", "pipe"],
    },
  );
}

export function inPath(command: string): string | undefined {
  const where = `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin`;
  const found = spawnSync("sh", ["-c", `command -v ${command}`], {
    env: { ...process.env, PATH: where },
    encoding: "utf8",
  });
  return found.status === 0 ? found.stdout.trim() : undefined;
}
