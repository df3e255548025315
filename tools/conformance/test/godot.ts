// Godot without a display, for the client in GDScript (../godot).
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = "godot3-server";
const there = spawnSync("sh", ["-c", `command -v ${PROGRAM}`]).status === 0;

/** scripts/test.sh installs it; elsewhere its tests are skipped without it, but not in CI. */
export const hasGodot: boolean = process.env["CI"] !== undefined || there;

if (!hasGodot) console.warn(`\n!!! there is no ${PROGRAM}. THE TESTS OF THE CLIENT IN GDSCRIPT ARE SKIPPED.\n`);

// The engine keeps a folder of the user's for every project, and complains when it has to make it.
const DATA = path.join(os.tmpdir(), `muster-godot-${os.userInfo().uid}`);

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
}

/** To run a script of that folder. */
export function godotCommand(script: string, ...args: readonly string[]): Command {
  mkdirSync(path.join(DATA, "godot", "app_userdata", "Muster client"), { recursive: true });
  const folder = fileURLToPath(new URL("../godot", import.meta.url));
  // LANG: it knows no language "C", and says so.
  const env = { ...process.env, LANG: "en_US.UTF-8", XDG_DATA_HOME: DATA };
  return { program: PROGRAM, args: ["--path", folder, "-s", script, ...args], env };
}
