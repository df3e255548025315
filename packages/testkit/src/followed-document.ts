// Follows a document to the letter, in a copy of the workspace. What its blocks say:
//
//   ```sh                          run in the copy's root, in the order of the page
//   ```sh in another terminal: X   started, and kept running; the page goes on when X was printed
//   ```sh not-run: why             only shown
//   ```text                        right after a block that ran: lines that it printed, in this order; … stands for anything
//   ```ts FILE (or json, proto …)  the whole file
//   ```diff FILE                   lines that are there, among them some to remove and to add
//   ```ts                          only shown, or checked by the test itself
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { CommandTurns } from "./command-turns.ts";
import { missingFrom } from "./printed-lines.ts";
import { until } from "./until.ts";

export interface DocumentBlock {
  readonly line: number;
  /** What stands behind the backticks. */
  readonly info: string;
  readonly text: string;
}

const STARTED_WITHIN_MS = 120_000;
/** These write what the commands of other pages read. */
const WRITES = /^pnpm (?:new:|gen\b|install\b)/m;
const SHOWN_ONLY = /^sh not-run: \S.{10,}$/;

export function blocksOfDocument(text: string): DocumentBlock[] {
  const found = text.matchAll(/^```(.*)\n([^]*?)^```$/gm);
  return [...found].map(({ index, 1: info = "", 2: inside = "" }) => ({
    line: text.slice(0, index).split("\n").length,
    info,
    text: inside,
  }));
}

export interface Follower extends AsyncDisposable {
  /** Several pages may be followed at the same time. @throws Error with what was said, where a step fails. */
  follow(document: string): Promise<void>;
  /** Of the root, with the programs of the workspace. @throws Error when it fails */
  run(command: string): Promise<string>;
}

/** @param copy a copy of the workspace; `env`: for all commands, over the process's own */
export function follower(copy: string, env: Readonly<Record<string, string>>): Follower {
  const started: ChildProcess[] = [];
  const all: NodeJS.ProcessEnv = { ...process.env, ...env, INIT_CWD: undefined };
  all["PATH"] = `${copy}/node_modules/.bin:${process.env["PATH"]}`;
  const turns = new CommandTurns();
  const run = (command: string): Promise<string> =>
    turns.run(command, WRITES.test(command), async () => {
      const script = `set -euo pipefail\nexec 2>&1\n${command}`;
      const child = spawn("bash", ["-c", script], { cwd: copy, env: all, stdio: ["ignore", "pipe", "inherit"] });
      let said = "";
      child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const how = await new Promise((resolve, reject) => {
        child.once("error", reject).once("close", (code, signal) => resolve(code ?? signal));
      });
      if (how !== 0) throw new Error(`${command}\nended with ${String(how)}:\n${said}`);
      return said;
    });

  async function start(command: string, wanted: string): Promise<void> {
    const child = spawn("bash", ["-c", `exec 2>&1\nexec ${command}`], { cwd: copy, env: all, detached: true });
    started.push(child);
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    await until(() => {
      if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}:\n${said}`);
      return said.includes(wanted) ? undefined : said;
    }, STARTED_WITHIN_MS);
  }

  async function take({ info, text }: DocumentBlock, printed: string | undefined): Promise<string | undefined> {
    const [language = "", file] = info.split(" ");
    if (info === "sh") return run(text);
    const other = /^sh in another terminal: (.+)$/.exec(info)?.[1];
    if (other !== undefined) await turns.run(text, false, () => start(text.trim(), other));
    else if (language === "sh" && !SHOWN_ONLY.test(info)) throw new Error(`a block of commands that says "${info}"`);
    else if (language === "text" && printed !== undefined) expectLines(printed, text);
    else if (language === "diff" && file !== undefined) edit(path.join(copy, file), text);
    else if (language !== "sh" && file !== undefined) write(path.join(copy, file), text);
    return undefined;
  }

  return {
    run,
    async follow(document) {
      let printed: string | undefined;
      for (const block of blocksOfDocument(readFileSync(path.join(copy, document), "utf8"))) {
        try {
          printed = await take(block, printed);
        } catch (err) {
          throw new Error(`${document}:${block.line}: ${(err as Error).message}`, { cause: err });
        }
      }
    },
    async [Symbol.asyncDispose]() {
      for (const child of started) {
        if (child.exitCode !== null || child.pid === undefined) continue;
        const ended = new Promise((resolve) => child.once("exit", resolve));
        process.kill(-child.pid, "SIGINT");
        await ended;
      }
    },
  };
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}

/** The lines without `+` stand in the file, one after the other, once. */
function edit(file: string, diff: string): void {
  const lines = diff.trimEnd().split("\n");
  const side = (sign: string): string =>
    lines
      .filter((line) => !line.startsWith(sign))
      .map((line) => `${line.slice(1)}\n`)
      .join("");
  const [before, after] = [side("+"), side("-")];
  const parts = readFileSync(file, "utf8").split(before);
  if (before === "" || parts.length !== 2)
    throw new Error(`${parts.length - 1} places in ${file} have these lines:\n${before}`);
  writeFileSync(file, parts.join(after));
}

function expectLines(printed: string, wanted: string): void {
  const missing = missingFrom(
    printed,
    wanted.split("\n").filter((line) => line.trim() !== ""),
  );
  if (missing !== undefined) throw new Error(`printed no line "${missing}":\n${printed}`);
}
