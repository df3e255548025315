// The commands that an operator runs directly on the database: see USAGE.
import type { Environment } from "@muster/config";
import { canonicalId } from "@muster/rpc";
import {
  type CommandParts,
  type OperatorCommands,
  type Output,
  runOperatorCommand,
  UsageError,
} from "@muster/service/database";
import { configuration } from "./config.ts";
import type { Tables } from "./schema.ts";
import { decide, listSuspects, makeDueAgain } from "./store/moderation.ts";

const USAGE = `usage: operator.ts COMMAND …   (with REPLAY_DB_URL in the environment)

  suspects [--all]
      Lists the newest 100 suspect matches on which nobody has decided, with what differs; --all: also those that are decided.
  accept MATCH WHY
      The result of a suspect match stands: it is put back into the ratings.
  confirm MATCH WHY
      The result of a suspect match is wrong: it stays out of the ratings.
  reverify MATCH|REASON
      Has a match verified again, or all that are unverifiable for a reason: build_missing, once the build is installed.

Exit code 0: success; 1: there is no such match; 2: wrong usage.`;

const LISTED_MAX = 100;
const WHY_CHARS_MAX = 200;

const COMMANDS: OperatorCommands<Tables> = {
  usage: USAGE,
  configuration,
  commands: {
    suspects,
    accept: (parts, args) => decided(parts, args, "accepted"),
    confirm: (parts, args) => decided(parts, args, "confirmed"),
    reverify,
  },
};

/** @returns the exit code */
export function runOperator(args: readonly string[], env: Environment, out?: Output): Promise<number> {
  return runOperatorCommand(COMMANDS, args, env, out);
}

async function suspects({ db, out }: CommandParts<Tables>, args: readonly string[]): Promise<undefined> {
  const all = args[0] === "--all";
  if (args.length > (all ? 1 : 0)) throw new UsageError("unknown arguments", "[--all]");
  const found = await listSuspects(db, LISTED_MAX, all);
  if (found.length === 0) out.log(all ? "no match is suspect" : "no suspect match waits for a decision");
  for (const one of found) {
    const decision =
      one.decision === null ? "undecided" : `${one.decision} by ${one.decided_by ?? "somebody"} (${one.decided_why})`;
    out.log(
      `${one.match_id}  ended ${one.ended_at.toISOString()}  ${one.mode}  ${one.game_id} ${one.build_id}  ${one.reason}  ${decision}  ratings: ${one.applied ?? "not told yet"}`,
    );
    if (one.detail) out.log(`  ${one.detail}`);
  }
}

async function decided(
  { db, out }: CommandParts<Tables>,
  [id = "", why = "", ...more]: readonly string[],
  decision: "accepted" | "confirmed",
): Promise<string | undefined> {
  const matchId = canonicalId(id);
  if (matchId === undefined || why === "" || why.length > WHY_CHARS_MAX || more.length > 0)
    throw new UsageError(`a match and why are needed, in at most ${WHY_CHARS_MAX} characters`, "MATCH WHY");
  if (!(await decide(db, matchId, { decision, by: "operator", why, at: new Date() })))
    return `${matchId} is not suspect`;
  out.log(`${matchId} is ${decision}; rating-service is told within seconds`);
  return undefined;
}

async function reverify({ db, out }: CommandParts<Tables>, args: readonly string[]): Promise<string | undefined> {
  const [which = ""] = args;
  const matchId = canonicalId(which);
  if (args.length !== 1 || (matchId === undefined && !/^[a-z][a-z0-9_]*$/.test(which)))
    throw new UsageError("a match or a reason is needed", "MATCH|REASON");
  const count = await makeDueAgain(db, matchId === undefined ? { reason: which } : { matchId });
  if (matchId !== undefined && count === 0) return `there is no verified replay of ${matchId} with a log`;
  out.log(`${count} to be verified again`);
  return undefined;
}
