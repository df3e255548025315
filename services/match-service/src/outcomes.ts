// The end of a match, whether its shard reports it or its lease expires.
import { must } from "@muster/errors";
import { appendEvent } from "@muster/events";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import type { Transaction } from "kysely";
import { matchOver } from "./events.ts";
import type { Ending, MatchRecord } from "./matches.ts";
import { meetingWeight, updateRatings, RATING_INITIAL } from "./ratings.ts";
import type { Tables } from "./schema.ts";
import { countMeetings, lockRatings, insertReplay, storeEnding, storeRating } from "./store.ts";

/** How far back matches of the same two players count as recent: see meetingWeight. */
const MEETINGS_WINDOW_MS = 24 * 3_600_000;

/** The rows, the ratings, the input log and the event, in the caller's transaction: all of it or none. */
export async function storeOutcome(
  tx: Transaction<Tables>,
  record: MatchRecord,
  ending: Ending,
  endedAt: Date,
  inputLog: Uint8Array = new Uint8Array(),
): Promise<void> {
  const { match, participants } = record;
  await storeEnding(tx, match.id, ending, endedAt);
  // Who plays against a bot plays for nothing.
  if (ending.state === "ended" && participants.every((p) => p.bot === null)) await storeNewRatings(tx, record, ending);
  if (inputLog.length > 0) await insertReplay(tx, match.id, inputLog);
  const traceparent = formatTraceparent(currentTrace() ?? newTrace());
  await appendEvent(tx, matchOver(record, ending, { endedAt, traceparent, inputLog }));
}

async function storeNewRatings(
  tx: Transaction<Tables>,
  { match, participants }: MatchRecord,
  ending: Ending,
): Promise<void> {
  const ids = participants.map((p) => p.player_id);
  const since = new Date(match.created_at.getTime() - MEETINGS_WINDOW_MS);
  const met = await countMeetings(tx, ids, since, match.id);
  const locked = await lockRatings(tx, ids, match.mode, RATING_INITIAL);
  const before = participants.map((p, i) => ({
    rating: must(locked.get(p.player_id), "locked for every player"),
    rank: must(ending.seats[i], "a rank per seat").rank,
    unplayed: ending.unplayed.includes(p.seat),
  }));
  const meetings = (i: number, j: number): number =>
    met.get(`${ids[i]} ${ids[j]}`) ?? met.get(`${ids[j]} ${ids[i]}`) ?? 0;
  const after = updateRatings(before, (i, j) => meetingWeight(meetings(i, j)));
  for (const [i, id] of ids.entries()) {
    const rating = after[i];
    if (rating !== undefined) await storeRating(tx, id, match.mode, rating);
  }
}
