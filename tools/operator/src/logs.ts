// The lines of all processes that speak of one player, match, ticket or request, in the order of their times.
import { createReadStream, existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { paths } from "@muster/local";
import { type Command, say } from "./command.ts";
import { OperatorError, UsageError } from "./errors.ts";
import type { Environment } from "./environment.ts";

const LINES_MAX = 100_000;
const LEVELS = ["trace", "debug", "info", "warn", "error", "fatal"];

interface Line {
  readonly time: string;
  readonly text: string;
}

export const logs: Command = {
  takes: "[--folder DIR] [--level LEVEL] [--since MINUTES] [--process NAME] [ID]",
  does: "Prints log lines of all processes in order of time; with ID, those that have it in any field (a player, match, ticket or trace id).",
  async run(args, env) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        folder: { type: "string" },
        level: { type: "string", default: "trace" },
        since: { type: "string" },
        process: { type: "string" },
      },
    });
    if (positionals.length > 1) throw new UsageError("one id at a time");
    const least = LEVELS.indexOf(values.level);
    if (least < 0) throw new UsageError(`--level is one of ${LEVELS.join(", ")}`);
    const sinceMs = values.since === undefined ? 0 : Date.now() - Number(values.since) * 60_000;
    if (Number.isNaN(sinceMs)) throw new UsageError("--since takes minutes");
    const folder = values.folder ?? localFolder(env);
    const wanted: Wanted = { id: spelling(positionals[0]), least, since: new Date(sinceMs).toISOString() };
    const found: Line[] = [];
    for (const file of logFiles(folder, values.process)) await collect(path.join(folder, file), wanted, found);
    found.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
    for (const { text } of found) say(text);
    if (found.length === 0) console.error(`there is no such line in ${folder}`);
    return found.length > 0 ? 0 : 1;
  },
};

interface Wanted {
  readonly id: string | undefined;
  readonly least: number;
  readonly since: string;
}

/** Ids of ours are written in small letters, however they were copied; other words are looked for as they are. */
function spelling(id: string | undefined): string | undefined {
  return id !== undefined && /^[0-9a-f-]{32,36}$/i.test(id) ? id.toLowerCase() : id;
}

function localFolder(env: Environment): string {
  if (env.isLocal) return paths.logs;
  throw new OperatorError(
    "--folder DIR is missing: a folder with one file per process, with the lines as the process wrote them",
  );
}

function logFiles(folder: string, process: string | undefined): string[] {
  if (!existsSync(folder)) throw new OperatorError(`there is no folder ${folder}`);
  const files = readdirSync(folder).filter((file) => /\.log(\.\d+)?$/.test(file));
  const wanted = files.filter((file) => !process || file.startsWith(`${process}.`));
  if (wanted.length > 0) return wanted;
  const processes = new Set(files.map((file) => file.replace(/\.log(\.\d+)?$/, "")));
  throw new OperatorError(
    processes.size > 0
      ? `there is no log of ${process} in ${folder}, but of ${[...processes].join(", ")}`
      : `there is no log in ${folder}`,
  );
}

async function collect(file: string, wanted: Wanted, found: Line[]): Promise<void> {
  for await (const text of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    if (wanted.id !== undefined && !text.includes(wanted.id)) continue;
    const line = read(text);
    if (!line || LEVELS.indexOf(line.level) < wanted.least || line.time < wanted.since) continue;
    if (found.length >= LINES_MAX)
      throw new OperatorError(`more than ${LINES_MAX} lines: narrow it with --since or --level`);
    found.push({ time: line.time, text });
  }
}

/** MariaDB's and nginx' own lines are no JSON: they are in their files. */
function read(text: string): { readonly time: string; readonly level: string } | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const { time, level } = JSON.parse(text) as Record<string, unknown>;
    return typeof time === "string" && typeof level === "string" ? { time, level } : undefined;
  } catch {
    return undefined; // half a line, while it is being written
  }
}
