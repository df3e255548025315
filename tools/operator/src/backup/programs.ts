// MariaDB's own programs. The password goes by a file that only its owner may read, never by a command line.
import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { OperatorError } from "../errors.ts";

export type Program = "mariadb-dump" | "mariadb-binlog" | "mariadb";

export interface ProgramCall {
  readonly program: Program;
  readonly args: readonly string[];
  /** mysql://…: the server it connects to. */
  readonly server?: string;
  readonly cwd?: string;
}

const SAID_MAX = 4000;

/** @throws OperatorError with what it said when it fails */
export async function runProgram(call: ProgramCall, outputFile?: string): Promise<void> {
  await withProgram(call, async ({ child, ended }) => {
    child.stdin?.end();
    if (outputFile === undefined) child.stdout?.resume();
    else if (child.stdout) await pipeline(child.stdout, createWriteStream(outputFile, { mode: 0o600 }));
    await ended;
  });
}

/** @throws OperatorError with what it said when it fails */
export async function runProgramWithInput(call: ProgramCall, input: Readable): Promise<void> {
  await withProgram(call, async ({ child, ended }) => {
    child.stdout?.resume();
    if (!child.stdin) throw new Error("the program has no input");
    const [how, flow] = await Promise.allSettled([ended, pipeline(input, child.stdin)]);
    for (const one of [how, flow]) if (one.status === "rejected") throw one.reason;
  });
}

/** What the first writes, the second reads. @throws OperatorError when either fails */
export async function pipePrograms(from: ProgramCall, to: ProgramCall): Promise<void> {
  await withProgram(from, async (source) => {
    await withProgram(to, async (sink) => {
      source.child.stdin?.end();
      sink.child.stdout?.resume();
      if (!source.child.stdout || !sink.child.stdin) throw new Error("the programs have no pipes");
      const flow = pipeline(source.child.stdout, sink.child.stdin);
      const [first, second, third] = await Promise.allSettled([sink.ended, source.ended, flow]);
      for (const one of [first, second, third]) if (one.status === "rejected") throw one.reason;
    });
  });
}

interface Running {
  readonly child: ReturnType<typeof spawn>;
  readonly ended: Promise<void>;
}

async function withProgram(
  { program, args, server, cwd }: ProgramCall,
  use: (running: Running) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "muster-client-"));
  try {
    const settings = path.join(folder, "client.cnf");
    if (server) writeFileSync(settings, settingsFor(server), { mode: 0o600 });
    const first = server ? `--defaults-file=${settings}` : "--no-defaults";
    const text = program === "mariadb-binlog" ? [] : ["--default-character-set=utf8mb4"];
    const child = spawn(program, [first, ...text, ...args], {
      ...(cwd ? { cwd } : {}),
      // Times on the command line and in the logs are UTC; a password in MYSQL_PWD would go before the file's.
      env: { ...process.env, TZ: "UTC", MYSQL_PWD: undefined },
      stdio: ["pipe", "pipe", "pipe"],
    });
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(-SAID_MAX)));
    const ended = new Promise<void>((resolve, reject) => {
      child.once("error", (err) =>
        reject(new OperatorError(`${program} cannot be started (Debian: mariadb-client): ${err.message}`)),
      );
      child.once("close", (code) =>
        code === 0 ? resolve() : reject(new OperatorError(`${program} ended with ${code}: ${said.trim()}`)),
      );
    });
    ended.catch(() => undefined); // told to whoever waits for it
    await use({ child, ended });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function settingsFor(server: string): string {
  const url = new URL(server);
  return [
    "[client]",
    `host=${url.hostname}`,
    `port=${url.port || 3306}`,
    `user=${decodeURIComponent(url.username)}`,
    `password="${decodeURIComponent(url.password).replaceAll(/["\\]/g, "\\$&")}"`,
    // Clients from 11.4 on would refuse a server without TLS, which the services take; older ones do not know the option.
    "loose-skip-ssl-verify-server-cert",
    "",
  ].join("\n");
}
