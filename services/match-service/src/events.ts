// One builder per event that match-service emits.
import { must } from "@muster/errors";
import { type EventData, newEvent, type StoredEvent, storedEvent } from "@muster/events";
import { formatTraceparent, newTrace } from "@muster/tracing";
import { v5 as uuidv5 } from "uuid";
import { type Ending, type MatchRecord, storedEnding } from "./matches.ts";

export const SOURCE = "muster/match-service";
/** A larger input log stays with the match: whoever needs it asks GetReplay. */
export const INPUT_LOG_BYTES_MAX = 64 * 1024;

/** Namespace of the ids of events that are published again. */
const AGAIN = "0f5e6c0e-5d1b-4f57-9c39-2d8f6f1f7a11";

type Participant = MatchRecord["participants"][number];

export interface Occasion {
  readonly endedAt: Date;
  /** What caused it. */
  readonly traceparent: string;
  /** Deflated; empty if there is none. */
  readonly inputLog: Uint8Array;
}

/**
 * `match.ended` or `match.cancelled`: the whole outcome, so that no consumer has to ask back.
 * @throws InvalidEventError if it breaks its contract, which is a bug: the transaction fails, and not a consumer hours later
 */
export function matchOver(record: MatchRecord, ending: Ending, occasion: Occasion): StoredEvent {
  const attributes = { source: SOURCE, time: occasion.endedAt, traceparent: occasion.traceparent };
  return storedEvent(
    ending.state === "ended"
      ? newEvent("match.ended", endedData(record, ending, occasion), attributes)
      : newEvent("match.cancelled", cancelledData(record, ending, occasion), attributes),
  );
}

/** The event of a stored result, for who has never had it: always with the same id. */
export function endedAgain(record: MatchRecord, inputLog: Uint8Array = new Uint8Array()): StoredEvent {
  const endedAt = must(record.match.ended_at, "an ended match has an end");
  const traceparent = formatTraceparent(newTrace());
  const event = matchOver(record, storedEnding(record), { endedAt, traceparent, inputLog });
  return { ...event, id: uuidv5(record.match.id, AGAIN) };
}

function endedData(record: MatchRecord, ending: Ending, { endedAt, inputLog }: Occasion): EventData["match.ended"] {
  return {
    ...headOf(record, endedAt),
    reason: ending.endReason as string, // the check says if it has none
    ticks: ending.ticks,
    stateHash: ending.stateHash,
    participants: record.participants.map((participant, i) => ({
      ...seatOf(participant),
      ...(participant.team === null ? {} : { team: participant.team }),
      ...(ending.seats[i] as Ending["seats"][number]),
      ...(ending.unplayed.includes(participant.seat) ? { unplayed: true } : {}),
    })),
    options: JSON.parse(record.match.options) as Record<string, number>,
    ...(inputLog.length === 0 ? {} : { inputLogBytes: inputLog.length }),
    ...(inputLog.length === 0 || inputLog.length > INPUT_LOG_BYTES_MAX
      ? {}
      : { inputLog: Buffer.from(inputLog).toString("base64") }),
  };
}

function cancelledData(record: MatchRecord, ending: Ending, { endedAt }: Occasion): EventData["match.cancelled"] {
  return {
    ...headOf(record, endedAt),
    reason: ending.cancelReason as string,
    ticks: ending.ticks,
    stateHash: ending.stateHash,
    participants: record.participants.map(seatOf),
  };
}

function headOf({ match }: MatchRecord, endedAt: Date) {
  return {
    matchId: match.id,
    mode: match.mode,
    gameId: match.game_id,
    buildId: match.build_id,
    seed: match.seed,
    epoch: match.epoch,
    createdAt: match.created_at.toISOString(),
    endedAt: endedAt.toISOString(),
  };
}

function seatOf({ seat, player_id, bot }: Participant) {
  return { seat, playerId: player_id, ...(bot === null ? {} : { bot }) };
}
