// The end of a match, whoever says it: its shard, or nobody any more.
import { must } from "@muster/errors";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import type { Transaction } from "kysely";
import { matchOver } from "./events.ts";
import type { Ending, MatchRecord } from "./matches.ts";
import { rated, RATING_INITIAL } from "./ratings.ts";
import type { Tables } from "./schema.ts";
import { holdRatings, insertEvent, storeEnding, storeRating } from "./store.ts";

/** The rows, the ratings and the event, in the caller's transaction: all of it or none. */
export async function storeOutcome(
  tx: Transaction<Tables>,
  record: MatchRecord,
  ending: Ending,
  endedAt: Date,
): Promise<void> {
  const { match, participants } = record;
  await storeEnding(tx, match.id, ending, endedAt);
  // Who plays against a bot plays for nothing.
  if (ending.state === "ended" && participants.every((p) => p.bot === null)) {
    const held = await holdRatings(
      tx,
      participants.map((p) => p.player_id),
      match.mode,
      RATING_INITIAL,
    );
    const before = participants.map((p, i) => ({
      rating: held.get(p.player_id) ?? RATING_INITIAL,
      rank: must(ending.seats[i], "a rank per seat").rank,
    }));
    const after = rated(before);
    for (const [i, p] of participants.entries())
      await storeRating(tx, p.player_id, match.mode, must(after[i], "a rating per seat"));
  }
  await insertEvent(tx, matchOver(record, ending, endedAt, formatTraceparent(currentTrace() ?? newTrace())));
}
