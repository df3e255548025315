// The manifest of a backup: what it contains. The same is read from a server, to compare the two.
import { createHash } from "node:crypto";
import { createReadStream, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { OperatorError } from "../errors.ts";
import { withServer } from "../databases.ts";
import { DATABASE_URLS, type Environment, variable } from "../environment.ts";

export interface Manifest {
  readonly takenAt: string;
  /** By the variable that names it. */
  readonly databases: Readonly<Record<string, string>>;
  /** Where the binary log goes on from the dump. */
  readonly binaryLog: { readonly file: string; readonly position: number; readonly gtid: string };
  readonly sha256: string;
  /** `database.table`, from the restore test: the dump as a server read it. */
  readonly tables: Readonly<Record<string, TableState>>;
}

export interface TableState {
  readonly rows: number;
  readonly checksum: number;
}

export const DUMP = "dump.sql";
export const BINARY_LOGS = "binary-logs";

export function readManifest(folder: string): Manifest {
  try {
    return JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8")) as Manifest;
  } catch (err) {
    throw new OperatorError(`${folder} is not a complete backup: ${(err as Error).message}`);
  }
}

/** Written last: a backup without it is not one. */
export function writeManifest(folder: string, manifest: Manifest): void {
  writeFileSync(path.join(folder, "manifest.json"), `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
}

export function databasesOf(env: Environment): Record<string, string> {
  return Object.fromEntries(DATABASE_URLS.map((name) => [name, new URL(variable(env, name)).pathname.slice(1)]));
}

export async function sha256Of(file: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(file), hash);
  return hash.digest("hex");
}

export async function tableStates(server: string, databases: readonly string[]): Promise<Record<string, TableState>> {
  return await withServer(server, async (db) => {
    const tables = await db.query<{ s: string; t: string }[]>(
      `select table_schema as s, table_name as t from information_schema.tables
        where table_schema in (?) and table_type = 'BASE TABLE' order by 1, 2`,
      [databases],
    );
    const states: Record<string, TableState> = {};
    for (const { s, t } of tables) {
      const [count] = await db.query<{ n: number }[]>(`select count(*) as n from \`${s}\`.\`${t}\``);
      const [sum] = await db.query<{ Checksum: number }[]>(`checksum table \`${s}\`.\`${t}\``);
      states[`${s}.${t}`] = { rows: Number(count?.n), checksum: Number(sum?.Checksum) };
    }
    return states;
  });
}

/** @returns the tables that differ */
export function differences(wanted: Manifest["tables"], found: Manifest["tables"]): string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].filter(
    (name) => wanted[name]?.rows !== found[name]?.rows || wanted[name]?.checksum !== found[name]?.checksum,
  );
}
