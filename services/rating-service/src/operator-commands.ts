// The commands that an operator runs directly on the database: see USAGE.
import type { Environment } from "@muster/config";
import {
  type CommandParts,
  type OperatorCommands,
  type Output,
  runOperatorCommand,
  UsageError,
} from "@muster/service/database";
import { configuration } from "./config.ts";
import { compareWithFold } from "./recompute.ts";
import { rewindMode } from "./rewind.ts";
import type { Tables } from "./schema.ts";
import { listRewindModes } from "./store/results.ts";
import { listModes } from "./store/states.ts";

const USAGE = `usage: operator.ts COMMAND …   (with RATING_DB_URL in the environment)

  recompute [--write] [MODE]
      Computes all ratings of all modes, or of one, from the stored results, and compares them to the last bit with what is stored.
      With --write it stores what it computes, while the mode's new results wait.

Exit code 0: success; 1: it failed, or something differs; 2: wrong usage.`;

const COMMANDS: OperatorCommands<Tables> = { usage: USAGE, configuration, commands: { recompute } };

/** @returns the exit code */
export function runOperator(args: readonly string[], env: Environment, out?: Output): Promise<number> {
  return runOperatorCommand(COMMANDS, args, env, out);
}

async function recompute({ db, out }: CommandParts<Tables>, args: readonly string[]): Promise<string | undefined> {
  const write = args.includes("--write");
  const [wanted, ...more] = args.filter((arg) => arg !== "--write");
  if (more.length > 0 || wanted?.startsWith("-")) throw new UsageError("at most one mode", "[--write] [MODE]");
  const modes = (await listModes(db)).filter((mode) => wanted === undefined || mode === wanted);
  if (wanted !== undefined && modes.length === 0) return `there is no mode ${wanted}`;
  let differing = 0;
  for (const mode of modes) {
    if (write) {
      const { computed, players } = await rewindMode(db, mode, { now: () => new Date(), everything: true });
      out.log(`${mode}  ${computed} results  ${players} players have another rating now`);
      continue;
    }
    const waiting = (await listRewindModes(db)).includes(mode);
    const { results, players, differences } = await compareWithFold(db, mode);
    out.log(`${mode}  ${results} results  ${players} players  ${differences.length === 0 ? "as stored" : "DIFFERENT"}`);
    for (const difference of differences) out.log(`  ${difference}`);
    if (differences.length > 0 && waiting) out.log("  a rewind waits: compare again when it is done");
    if (differences.length > 0) differing++;
  }
  return differing > 0 ? `${differing} mode(s) are not what their results make of them` : undefined;
}
