// Binary logs as text, line by line: a week of them is larger than any string.
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { printable } from "@muster/runtime";
import { OperatorError } from "../errors.ts";
import { BINARY_LOGS } from "./manifest.ts";

export interface LoggedStatement {
  /** UTC */
  readonly time: string;
  readonly gtid: string;
  /** On one line. */
  readonly text: string;
}

const SAID_MAX = 4000;
/** A statement that is longer (a migration that fills a table) is cut: it is for reading. */
const STATEMENT_CHARS_MAX = 10_000;
const EVENT = /^#(\d\d)(\d\d)(\d\d) +(\d+:\d\d:\d\d) .*\sGTID (\d+-\d+-\d+)/;
/** What mariadb-binlog adds, or the server says beside what a client asked for. */
const OF_THE_LOG = /^(\/\*|SET |START TRANSACTION|COMMIT|ROLLBACK|BEGIN|use |DELIMITER )/i;

/** Without rows: what was asked for, with the time of its transaction. @throws OperatorError with what the program said */
export async function* linesOfLogs(folder: string, files: readonly string[]): AsyncGenerator<string> {
  if (files.length === 0) return;
  const args = ["--no-defaults", "--base64-output=decode-rows", ...files];
  const options = { cwd: path.join(folder, BINARY_LOGS), env: { ...process.env, TZ: "UTC" } };
  const child = spawn("mariadb-binlog", args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_MAX)));
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (err) => resolve(`cannot be started (Debian: mariadb-client): ${err.message}`));
    child.once("close", (code) => resolve(code === 0 ? undefined : `ended with ${code}: ${said.trim()}`));
  });
  try {
    yield* createInterface({ input: child.stdout, crlfDelay: Infinity });
    const fault = await ended;
    if (fault !== undefined) throw new OperatorError(`mariadb-binlog ${fault}`);
  } finally {
    child.kill(); // whoever asked has heard enough
  }
}

/** Those of clients: changes of tables as they are, changes of rows as the server noted them (`#Q>`), never the rows themselves. */
export async function* statementsIn(lines: AsyncIterable<string>): AsyncGenerator<LoggedStatement> {
  let [time, gtid] = ["", ""];
  let parts: string[] = [];
  const taken = (): LoggedStatement | undefined => {
    // Statements hold what players wrote, and bytes that are no text.
    const text = printable(parts.join(" ").replaceAll(/\s+/g, " ")).trim().slice(0, STATEMENT_CHARS_MAX);
    parts = [];
    return text === "" ? undefined : { time, gtid, text };
  };
  for await (const line of lines) {
    const isNote = line.startsWith("#Q> ");
    const isPlain = !line.startsWith("#") && line !== "" && !(parts.length === 0 && OF_THE_LOG.test(line));
    const ends = line.startsWith("/*!*/;");
    if (isNote || (isPlain && !ends)) {
      parts.push(isNote ? line.slice("#Q> ".length) : line);
      continue;
    }
    const statement = taken();
    if (statement) yield statement;
    const event = EVENT.exec(line);
    if (event)
      [time, gtid] = [`20${event[1]}-${event[2]}-${event[3]} ${event[4]?.padStart(8, "0")}`, event[5] as string];
  }
  const last = taken();
  if (last) yield last;
}
