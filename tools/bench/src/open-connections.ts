// Keeps authenticated connections open from a separate process until it is told to stop.
import { spawn } from "node:child_process";
import path from "node:path";
import { paths } from "@muster/local";
import { LOAD_CORE } from "./processes.ts";

export interface OpenConnections {
  /** Resolves when all are in. */
  readonly opened: Promise<{ readonly opened: number; readonly seconds: number }>;
  end(): void;
}

const AT_ONCE = 64;

/** `perS`: connections a second; 0: as fast as it goes. */
export function openConnections(address: string, tokens: readonly string[], perS = 0): OpenConnections {
  const program = path.join(import.meta.dirname, "connections-load.ts");
  const child = spawn("taskset", ["-c", String(LOAD_CORE), paths.node, program, address, `${AT_ONCE}`, `${perS}`], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.write(`${tokens.join("\n")}\ngo\n`);
  const opened = new Promise<{ opened: number; seconds: number }>((resolve, reject) => {
    child.stdout.once("data", (line: Buffer) => resolve(JSON.parse(line.toString()) as never));
    child.once("exit", (code) => reject(new Error(`the clients ended with ${code}`)));
  });
  opened.catch(() => undefined); // awaited, or ended by us
  return { opened, end: () => child.kill("SIGKILL") };
}
