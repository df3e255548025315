// The events that rating-service reads and writes. No I/O.
import {
  type AnyEvent,
  decodeEvent,
  type EventOf,
  eventTypeOf,
  newEvent,
  type ReceivedRecord,
  type StoredEvent,
  storedEvent,
} from "@muster/events";
import { currentTrace, formatTraceparent, newTrace } from "@muster/tracing";
import { deviationOf, displayOf } from "./display.ts";
import type { PlayerState, Result } from "./fold.ts";
import { ALGORITHM } from "./rate-match.ts";

export const SOURCE = "muster/rating-service";

/** `match.ended`, or something else of the topic, which is of no interest. */
export type MatchEvent = EventOf<"match.ended"> | { readonly id: string; readonly type: "other" };

/** @throws InvalidEventError */
export function decodeMatchEvent(record: ReceivedRecord): MatchEvent {
  if (eventTypeOf(record) !== "match.ended") return { id: "", type: "other" };
  return decodeEvent(record) as EventOf<"match.ended">;
}

/** What rating-service needs of it. */
export function resultOf({ data, region = "" }: Extract<AnyEvent, { type: "match.ended" }>): Result {
  return {
    matchId: data.matchId,
    mode: data.mode,
    endedAtMs: Date.parse(data.endedAt),
    region,
    participants: data.participants.map(({ playerId, rank, unplayed, bot, ...more }) => {
      // Not in v1 of the event yet: an addition.
      const { team } = more as { team?: unknown };
      return {
        playerId,
        rank,
        ...(Number.isInteger(team) && { team: team as number }),
        ...(unplayed && { unplayed }),
        ...(bot !== undefined && { bot: true as const }),
      };
    }),
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
  const traceparent = formatTraceparent(currentTrace() ?? newTrace());
  return storedEvent(newEvent("rating.changed", data, { source: SOURCE, time: at, traceparent }));
}
