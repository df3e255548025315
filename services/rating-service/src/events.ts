// The events that rating-service reads and writes. No I/O.
import { type EventOf, newEvent, refuseImpossibleMatch, type StoredEvent, storedEvent } from "@muster/events";
import { currentTraceparent } from "@muster/tracing";
import { deviationOf, displayOf } from "./display.ts";
import type { PlayerState, Result } from "./fold.ts";
import { ALGORITHM } from "./rate-match.ts";

export const SOURCE = "muster/rating-service";

/** What rating-service needs of it. @throws PermanentError for what no match can be */
export function resultOf({ data, region = "" }: EventOf<"match.ended">, now: Date): Result {
  refuseImpossibleMatch(data, now);
  return {
    matchId: data.matchId,
    mode: data.mode,
    endedAtMs: Date.parse(data.endedAt),
    region,
    participants: data.participants.map(({ playerId, rank, unplayed, bot, team }) => ({
      playerId,
      rank,
      ...(team !== undefined && { team }),
      ...(unplayed && { unplayed }),
      ...(bot !== undefined && { bot: true as const }),
    })),
  };
}

export interface Changed {
  readonly playerId: string;
  readonly mode: string;
  /** On which the rating now rests. */
  readonly matchId: string;
  readonly before: PlayerState;
  readonly after: PlayerState;
}

export function ratingChanged({ playerId, mode, matchId, before, after }: Changed, at: Date): StoredEvent {
  const data = {
    playerId,
    mode,
    matchId,
    before: displayOf(before),
    after: displayOf(after),
    deviation: deviationOf(after),
    matches: after.matches,
    algorithm: ALGORITHM,
    changedAt: at.toISOString(),
  };
  const traceparent = currentTraceparent();
  return storedEvent(newEvent("rating.changed", data, { source: SOURCE, time: at, traceparent }));
}
