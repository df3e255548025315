// A result that has come: applied, if it is the latest of all its players, or else left to a rewind.
import { appendEvents } from "@muster/events";
import type { Transaction } from "kysely";
import { boardChanges } from "./boards.ts";
import { ratingChanged } from "./events.ts";
import { foldResult, isRated, type Point, type Result } from "./fold.ts";
import { comparePositions } from "./position.ts";
import { Meetings } from "./meetings.ts";
import type { Tables } from "./schema.ts";
import { insertBoardChanges } from "./store/boards.ts";
import { lockErased } from "./store/erasures.ts";
import { insertResult, isExcluded, requestRewind } from "./store/results.ts";
import {
  type Head,
  listMeetings,
  listSeasons,
  lockHeads,
  shareMode,
  storeHeads,
  storePoints,
  storeRatings,
} from "./store/states.ts";

type Tx = Transaction<Tables>;

export type Applied = "applied" | "late" | "not_rated" | "excluded" | "duplicate";

/** In the caller's transaction, READ COMMITTED: it reads what others have committed while it waited for their locks. */
export async function applyResult(tx: Tx, result: Result, now: Date): Promise<Applied> {
  if (!(await insertResult(tx, result))) return "duplicate";
  if (!isRated(result)) return "not_rated";
  if (await isExcluded(tx, result.matchId)) return "excluded";
  await shareMode(tx, result.mode);
  const playerIds = result.participants.map(({ playerId }) => playerId);
  const heads = await lockHeads(tx, result.mode, playerIds);
  if ([...heads.values()].some(({ last }) => comparePositions(last, result) > 0)) {
    await requestRewind(tx, result.mode, result.matchId);
    return "late";
  }
  await advance(tx, result, heads, now);
  return "applied";
}

async function advance(tx: Tx, result: Result, heads: ReadonlyMap<string, Head>, now: Date): Promise<void> {
  const { mode, matchId } = result;
  const known = [...heads.keys()].map((playerId) => ({ playerId, before: result }));
  const meetings = new Meetings();
  for (const { playerId, ...match } of await listMeetings(tx, mode, known)) meetings.add(playerId, match);
  const states = new Map([...heads].map(([playerId, { state }]) => [playerId, state]));
  const points = foldResult(result, states, meetings, await listSeasons(tx));

  await storePoints(tx, [{ result, points }]);
  await storeHeads(tx, mode, new Map(points.map(({ playerId, after }) => [playerId, { state: after, last: result }])));
  const erased = await lockErased(
    tx,
    points.map(({ playerId }) => playerId),
  );
  const changed = points.filter(({ playerId, before, after }) => after !== before && !erased.has(playerId));
  if (changed.length === 0) return;
  await storeRatings(
    tx,
    mode,
    changed.map(({ playerId, after }) => ({ playerId, state: after })),
  );
  await insertBoardChanges(tx, mode, boardChanges(changed.map(inSeason)));
  await appendEvents(
    tx,
    changed.map(({ playerId, before, after }) => ratingChanged({ playerId, mode, matchId, before, after }, now)),
  );
}

/** Before the first match of a season it has no rating there. */
function inSeason({ before, after }: Point): { before: Point["before"] | undefined; after: Point["after"] } {
  return { before: before.matches === 0 ? undefined : before, after };
}
