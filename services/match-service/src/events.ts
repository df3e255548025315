// One builder per event that match-service emits. Nothing reads the events yet: there is no relay to a message broker.
import { v7 as uuidv7 } from "uuid";
import type { Ending, MatchRecord } from "./matches.ts";
import type { OutboxTable } from "./schema.ts";

type Event = Pick<OutboxTable, "event_id" | "event_type" | "partition_key" | "payload" | "traceparent">;

/** `match.ended` and `match.cancelled`: the whole outcome, so that no consumer has to ask back. */
export function matchOver(
  { match, participants }: MatchRecord,
  ending: Ending,
  endedAt: Date,
  traceparent: string,
): Event {
  const payload = {
    matchId: match.id,
    mode: match.mode,
    gameId: match.game_id,
    buildId: match.build_id,
    seed: match.seed,
    epoch: match.epoch,
    createdAt: match.created_at.toISOString(),
    endedAt: endedAt.toISOString(),
    reason: ending.endReason ?? ending.cancelReason,
    ticks: ending.ticks,
    stateHash: ending.stateHash,
    participants: participants.map((p, i) => ({
      seat: p.seat,
      playerId: p.player_id,
      ...(p.bot === null ? {} : { bot: p.bot }),
      ...ending.seats[i],
      ...(ending.unplayed.includes(p.seat) ? { unplayed: true } : {}),
    })),
  };
  return {
    event_id: uuidv7(),
    event_type: ending.state === "ended" ? "match.ended" : "match.cancelled",
    partition_key: match.id,
    payload: JSON.stringify(payload),
    traceparent,
  };
}
