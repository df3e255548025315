// The commands that an operator runs directly on the database: see USAGE.
import type { Environment } from "@muster/config";
import { inTransaction } from "@muster/db";
import { appendEvent } from "@muster/events";
import {
  type CommandParts,
  type OperatorCommands,
  type Output,
  runOperatorCommand,
  UsageError,
} from "@muster/service/database";
import { configuration } from "./config.ts";
import { endedAgain } from "./events.ts";
import type { Tables } from "./schema.ts";
import { findEventIds, findMatches, findReplays, listEnded } from "./store.ts";

const USAGE = `usage: operator.ts COMMAND …   (with MATCH_DB_URL in the environment)

  publish-results [--before TIME]
      Writes the event of every stored result into the outbox, first ended first, from where it is published as any other. For consumers
      that have never had them, as after a migration from v1.5. Consumers drop what they have already. A repeat writes only what
      is not in the outbox from the time before. TIME: only matches that ended before it, such as 2026-11-27T12:00:00Z.

Exit code 0: success; 1: it failed; 2: wrong usage.`;

/** An event may have 90 KB. */
const MATCHES_PER_TRANSACTION = 50;
const REPORT_EVERY = 10_000;

const COMMANDS: OperatorCommands<Tables> = {
  usage: USAGE,
  configuration,
  commands: { "publish-results": publishResults },
};

/** @returns the exit code */
export function runOperator(args: readonly string[], env: Environment, out?: Output): Promise<number> {
  return runOperatorCommand(COMMANDS, args, env, out);
}

async function publishResults({ db, out }: CommandParts<Tables>, args: readonly string[]): Promise<undefined> {
  const ids = await listEnded(db, beforeOf(args));
  let written = 0;
  for (let from = 0; from < ids.length; from += MATCHES_PER_TRANSACTION) {
    const page = ids.slice(from, from + MATCHES_PER_TRANSACTION);
    written += await inTransaction(db, async (tx) => {
      const inputLogs = await findReplays(tx, page);
      const records = (await findMatches(tx, page)).filter(({ match, participants }) => {
        const whole =
          participants.length > 0 && participants.every(({ score, rank }) => score !== null && rank !== null);
        if (!whole) out.log(`${match.id}  left out: it has no whole result`);
        return whole;
      });
      const events = records.map((record) => endedAgain(record, inputLogs.get(record.match.id)));
      const known = await findEventIds(
        tx,
        events.map(({ id }) => id),
      );
      const missing = events.filter(({ id }) => !known.has(id));
      for (const event of missing) await appendEvent(tx, event);
      return missing.length;
    });
    if ((from / MATCHES_PER_TRANSACTION) % (REPORT_EVERY / MATCHES_PER_TRANSACTION) === 0 && from > 0)
      out.log(`${from} of ${ids.length} results  ${written} events written`);
  }
  out.log(`${ids.length} results  ${written} events written`);
}

function beforeOf(args: readonly string[]): Date {
  const [flag, time = "", ...more] = args;
  if (flag === undefined) return new Date();
  const before = new Date(time);
  if (flag !== "--before" || more.length > 0 || Number.isNaN(before.getTime()))
    throw new UsageError("a time after --before, and nothing else", "[--before TIME]");
  return before;
}
