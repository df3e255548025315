// What no match can be, though its event fits the schema: by somebody else who may write to the topic, or by a clock that is wrong. No I/O.
import type { EventData } from "../contract/events.ts";
import { PermanentError } from "./retry-policy.ts";

/** Clocks differ, but not by a day. */
const AHEAD_MS_MAX = 86_400_000;

/**
 * A match that ends in a hundred years would keep every season from beginning until then, and its replay from ever being deleted; a player in two
 * seats has one rating and two changes of it.
 * @throws PermanentError: it goes to the DLQ
 */
export function refuseImpossibleMatch({ endedAt, participants }: EventData["match.ended"], now: Date): void {
  const endedMs = Date.parse(endedAt);
  if (endedMs > now.getTime() + AHEAD_MS_MAX) throw new PermanentError("the match ends more than a day from now");
  if (endedMs < 0) throw new PermanentError("the match ended before 1970");
  if (hasTwice(participants.map(({ playerId }) => playerId))) throw new PermanentError("a player has two seats");
  if (hasTwice(participants.map(({ seat }) => seat))) throw new PermanentError("a seat is there twice");
}

function hasTwice(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length;
}
