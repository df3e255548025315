// The client in GDScript, tools/conformance/godot, as tests run it.
import { godotCommand } from "@muster/conformance/godot";
import { runScript, type ScriptRun } from "./script-run.ts";

export { hasGodot } from "@muster/conformance/godot";

/** Runs a script of that folder. */
export function godot(script: string, ...args: readonly string[]): Promise<ScriptRun> {
  const command = godotCommand(script, ...args);
  return runScript(command.program, command.args, { env: command.env });
}
