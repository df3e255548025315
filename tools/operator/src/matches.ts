// Matches that have been running for longer than any match should.
import { parseArgs } from "node:util";
import { type Command, say } from "./command.ts";
import { UsageError } from "./errors.ts";
import { withDatabase } from "./databases.ts";

const ROWS_MAX = 1000;

interface RunningRow {
  readonly id: string;
  readonly mode: string;
  readonly shard_id: string;
  readonly minutes: number;
  readonly players: string | null;
}

export const matches: Command = {
  takes: "[--minutes N] [--shard ID]",
  does: "Prints the running matches, oldest first: id, mode, shard, minutes, players. --minutes 30: only those older than 30 minutes.",
  async run(args, env) {
    const { values } = parseArgs({
      args: [...args],
      options: { minutes: { type: "string", default: "0" }, shard: { type: "string", default: "" } },
    });
    const minutes = Number(values.minutes);
    if (!(minutes >= 0)) throw new UsageError("--minutes takes a number");
    const rows = await withDatabase(env, "MATCH_DB_URL", (db) =>
      db.query<RunningRow[]>(
        `select matches.id, mode, shard_id, timestampdiff(minute, matches.created_at, utc_timestamp(6)) as minutes,
                group_concat(player_name order by seat separator ', ') as players
           from matches left join participants on match_id = matches.id
          where state = 'running' and matches.created_at <= utc_timestamp(6) - interval ? minute
                and (? = '' or shard_id = ?)
          group by matches.id order by matches.created_at limit ?`,
        [minutes, values.shard, values.shard, ROWS_MAX],
      ),
    );
    for (const row of rows) say(`${row.id}  ${row.mode}  ${row.shard_id}  ${row.minutes} min  ${row.players ?? ""}`);
    if (rows.length === 0) say("no such match");
    return 0;
  },
};
