// The client in Python, tools/conformance, as tests run it.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { runScript, type ScriptRun } from "./script-run.ts";

const FOLDER = fileURLToPath(new URL("../../conformance/", import.meta.url));

/** scripts/test.sh installs it; elsewhere its tests are skipped without it, but not in CI. */
export const hasPython: boolean =
  process.env["CI"] !== undefined || spawnSync("python3", ["--version"], { stdio: "ignore" }).status === 0;

/** Runs a script of that folder. */
export const python = (script: string, ...args: readonly string[]): Promise<ScriptRun> =>
  runScript("python3", ["-B", script, ...args], { cwd: FOLDER });
