// Into an empty server: the dump, then the binary logs up to a moment or up to the transaction before a mistake.
import { existsSync, renameSync, rmSync } from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { answers, type MariadbServer, paths, startMariadb } from "@muster/local";
import { type Command, say } from "../command.ts";
import { OperatorError, UsageError } from "../errors.ts";
import { withServer } from "../databases.ts";
import { type Environment, variable } from "../environment.ts";
import { folderFrom, logFilesIn } from "./backup.ts";
import { verifyAuditLogs, loadDump, requireAuditKeys, UNLOGGED } from "./load.ts";
import { linesOfLogs, statementsIn } from "./log-text.ts";
import { BINARY_LOGS, differences, DUMP, type Manifest, readManifest, sha256Of, tableStates } from "./manifest.ts";
import { pipePrograms } from "./programs.ts";

const TIME = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/;
const GTID = /^\d+-\d+-\d+$/;

export const restore: Command = {
  takes:
    "FOLDER [--until 'YYYY-MM-DD hh:mm:ss' | --before GTID | --dump-only] [--to mysql://admin:password@host:port/]",
  does: "Restores a backup and the binary logs after it: all of them, up to a moment (UTC), or up to the transaction before GTID. Restores the local system into a new data folder (the system must be stopped; the old folder is kept), or, with --to, another server, which must not have these schemas.",
  async run(words, env) {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        until: { type: "string" },
        before: { type: "string" },
        "dump-only": { type: "boolean", default: false },
        to: { type: "string" },
      },
    });
    const folder = folderFrom(positionals);
    const limit = limitFrom(values.until, values.before);
    const manifest = readManifest(folder);
    requireAuditKeys(env);
    if ((await sha256Of(path.join(folder, DUMP))) !== manifest.sha256)
      throw new OperatorError("the dump has been changed");
    if (!values.to && !env.isLocal)
      throw new UsageError("--to mysql://admin:password@host:port/ is missing: the URL of an empty server");
    const args = values["dump-only"] ? undefined : await replayArgs(folder, manifest, limit);
    const into = async (server: string): Promise<void> => {
      await refuseExisting(server, manifest);
      await loadDump(folder, server);
      const loaded = await tableStates(server, Object.values(manifest.databases));
      const different = differences(manifest.tables, loaded);
      if (different.length > 0)
        throw new OperatorError(`these tables differ from the manifest: ${different.join(", ")}`);
      if (args)
        await pipePrograms(
          { program: "mariadb-binlog", args, cwd: path.join(folder, BINARY_LOGS) },
          { program: "mariadb", args: [UNLOGGED, "--binary-mode"], server },
        );
      const states = await tableStates(server, Object.values(manifest.databases));
      for (const [name, { rows }] of Object.entries(states)) say(`${name.padEnd(48)} ${rows} rows`);
      await verifyAuditLogs(server, { databases: manifest.databases, tables: states }, env);
      say("restored");
    };
    if (values.to) await into(values.to);
    else await withFreshLocalServer(env, into);
    return 0;
  },
};

export const binaryLog: Command = {
  takes: "FOLDER PATTERN",
  does: "Searches the saved binary logs for statements of clients (regular expression, case-insensitive), not for the rows that they changed; prints time (UTC), GTID and statement.",
  async run(args, _env) {
    const [folder, pattern, ...more] = args;
    if (!folder || !pattern || more.length > 0) throw new UsageError("FOLDER PATTERN");
    readManifest(folder);
    const wanted = new RegExp(pattern, "i");
    const files = logFilesIn(path.resolve(folder));
    let found = 0;
    for await (const { time, gtid, text } of statementsIn(linesOfLogs(path.resolve(folder), files))) {
      if (!wanted.test(text)) continue;
      say(`${time}  ${gtid}  ${text}`);
      found++;
    }
    return found > 0 ? 0 : 1;
  },
};

type Limit = { readonly until: string } | { readonly before: string } | undefined;

function limitFrom(until: string | undefined, before: string | undefined): Limit {
  if (until !== undefined && before !== undefined) throw new UsageError("use --until or --before, not both");
  if (until !== undefined) {
    if (!TIME.test(until)) throw new UsageError("--until takes 'YYYY-MM-DD hh:mm:ss', UTC");
    return { until };
  }
  if (before === undefined) return undefined;
  if (!GTID.test(before)) throw new UsageError("--before takes a GTID, as in 0-1-1234");
  return { before };
}

/** @returns what mariadb-binlog is to print: looked up before anything is touched. */
async function replayArgs(folder: string, manifest: Manifest, limit: Limit): Promise<string[]> {
  const { file: first, position } = manifest.binaryLog;
  let files = logFilesIn(folder);
  if (!files.includes(first))
    throw new OperatorError(
      `${first}, where the dump ends, was not saved: run backup-logs, or restore with --dump-only`,
    );
  let stop: string[] = [];
  if (limit && "until" in limit) stop = [`--stop-datetime=${limit.until}`];
  else if (limit) {
    const end = await binlogPositionOf(folder, limit.before);
    files = files.slice(0, files.indexOf(end.file) + 1);
    stop = [`--stop-position=${end.position}`]; // in the last file
  }
  return ["--disable-log-bin", `--start-position=${position}`, ...stop, ...files];
}

/** Where the transaction begins. */
async function binlogPositionOf(
  folder: string,
  gtid: string,
): Promise<{ readonly file: string; readonly position: number }> {
  for (const file of logFilesIn(folder)) {
    let position = 0;
    for await (const line of linesOfLogs(folder, [file])) {
      if (line.startsWith("# at ")) position = Number(line.slice("# at ".length));
      else if (line.startsWith("#") && /\sGTID (\S+)/.exec(line)?.[1] === gtid) return { file, position };
    }
  }
  throw new OperatorError(`no saved binary log has the transaction ${gtid}`);
}

async function refuseExisting(server: string, { databases }: Manifest): Promise<void> {
  const there = await withServer(server, (db) =>
    db.query<{ n: string }[]>("select schema_name as n from information_schema.schemata where schema_name in (?)", [
      Object.values(databases),
    ]),
  );
  if (there.length > 0)
    throw new OperatorError(
      `the server has ${there.map(({ n }) => n).join(", ")} already: restore into an empty server`,
    );
}

/** On a data folder of its own, which takes the place of the old one when all is done: no start of the system finds half a restore. */
async function withFreshLocalServer(env: Environment, use: (server: string) => Promise<void>): Promise<void> {
  const port = Number(variable(env, "MUSTER_MARIADB_PORT"));
  if (await answers(port))
    throw new OperatorError("the local system is running: stop it first (Ctrl-C in its terminal)");
  const restoring = `${paths.mariadbData}.restoring`;
  const clear = (): void => {
    for (const file of ["", ".password", ".init.sql", ".tmp"])
      rmSync(restoring + file, { recursive: true, force: true });
  };
  clear(); // of one that was ended on its way
  let server: MariadbServer | undefined;
  try {
    server = await startMariadb({ dataDir: restoring, port, durable: true });
    await use(server.adminUrl);
    await server.stop();
  } catch (err) {
    await server?.stop();
    clear();
    throw err;
  }
  const kept = existsSync(paths.mariadbData)
    ? `${paths.mariadbData}.before-${new Date().toISOString().replaceAll(/[:.]/g, "-")}`
    : undefined;
  if (kept) renameSync(paths.mariadbData, kept);
  renameSync(restoring, paths.mariadbData);
  clear();
  if (kept) say(`the old data folder is kept in ${kept}`);
}
