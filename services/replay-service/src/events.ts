// One builder per event that replay-service emits. No I/O.
import { newEvent, type StoredEvent, storedEvent } from "@muster/events";
import { currentTraceparent } from "@muster/tracing";
import type { EndedMatch, Outcome } from "./replays.ts";

export const SOURCE = "muster/replay-service";

/** @throws InvalidEventError if it breaks its contract, which is a bug */
export function replayVerified(
  { matchId, gameId, buildId }: Pick<EndedMatch, "matchId" | "gameId" | "buildId">,
  { verdict, reason }: Outcome,
  at: Date,
): StoredEvent {
  const data = { matchId, gameId, buildId, verdict, reason, verifiedAt: at.toISOString() };
  const traceparent = currentTraceparent();
  return storedEvent(newEvent("replay.verified", data, { source: SOURCE, time: at, traceparent }));
}
