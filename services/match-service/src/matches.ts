// What a match is and which transitions it has. No I/O.
import { cancelReasons, endReasons } from "@muster/contracts/match/names";
import type { RecordResultRequest, Seat } from "@muster/contracts/match/v2";
import { assert, must } from "@muster/errors";
import { fail } from "./errors.ts";
import type { MatchesTable, ParticipantsTable } from "./schema.ts";

export type MatchRow = Omit<MatchesTable, "lease_round">;
export type ParticipantRow = Pick<
  ParticipantsTable,
  "match_id" | "seat" | "player_id" | "player_name" | "score" | "rank" | "bot" | "team"
> & { readonly unplayed: number };

export interface MatchRecord {
  readonly match: MatchRow;
  /** By seat. */
  readonly participants: readonly ParticipantRow[];
}

/** How a match ended, as rows. */
export interface Ending {
  readonly state: "ended" | "cancelled";
  readonly endReason: MatchRow["end_reason"];
  readonly cancelReason: MatchRow["cancel_reason"];
  readonly ticks: number;
  readonly stateHash: string;
  /** By seat; empty when cancelled. */
  readonly seats: readonly { readonly score: number; readonly rank: number }[];
  /** Seats whose players did not really play. */
  readonly unplayed: readonly number[];
}

/** Seats are 0 to n-1, each once, each another player. @throws AppError bad_result */
export function checkSeats(seats: readonly Seat[]): void {
  const numbers = new Set(seats.map((seat) => seat.seat));
  const players = new Set(seats.map((seat) => seat.playerId));
  const dense = seats.every((_, i) => numbers.has(i));
  if (!dense || numbers.size !== seats.length)
    throw fail("bad_result", { message: "Seats are numbered from 0, each once." });
  if (players.size !== seats.length) throw fail("bad_result", { message: "A player sits on one seat only." });
}

/** @throws AppError bad_result when the result does not name every seat once. */
export function endingOf(request: RecordResultRequest, seatCount: number): Ending {
  const { outcome, ticks, stateHash } = request;
  if (outcome.case === "cancelled") {
    const reason = must(cancelReasons.nameOf(outcome.value.reason), "validation demands a reason");
    return { state: "cancelled", endReason: null, cancelReason: reason, ticks, stateHash, seats: [], unplayed: [] };
  }
  assert(outcome.case === "completed", "validation demands an outcome");
  const { seats, reason, unplayedSeats } = outcome.value;
  const bySeat = seats.toSorted((a, b) => a.seat - b.seat);
  if (seats.length !== seatCount || bySeat.some((seat, i) => seat.seat !== i))
    throw fail("bad_result", { message: "A result names every seat once." });
  return {
    state: "ended",
    endReason: must(endReasons.nameOf(reason), "validation demands a reason"),
    cancelReason: null,
    ticks,
    stateHash,
    seats: bySeat.map(({ score, rank }) => ({ score, rank })),
    unplayed: unplayedSeats,
  };
}

/** Of a match that was played to an end, as it is stored. */
export function storedEnding({ match, participants }: MatchRecord): Ending {
  return {
    state: "ended",
    endReason: match.end_reason,
    cancelReason: null,
    ticks: match.ticks,
    stateHash: match.state_hash,
    seats: participants.map(({ score, rank }) => ({
      score: must(score, "an ended match has scores"),
      rank: must(rank, "an ended match has ranks"),
    })),
    unplayed: participants.filter(({ unplayed }) => unplayed !== 0).map(({ seat }) => seat),
  };
}

/** Whether another shard may take the match over: `advanced` when it has, and asks again. */
export function decideAdvance(
  row: Pick<MatchRow, "state" | "epoch" | "shard_id">,
  { expectedEpoch, shardId }: { readonly expectedEpoch: number; readonly shardId: string },
): "advance" | "advanced" | "match_over" | "stale_epoch" {
  if (row.state !== "running") return "match_over";
  if (row.epoch === expectedEpoch + 1 && row.shard_id === shardId) return "advanced";
  return row.epoch === expectedEpoch ? "advance" : "stale_epoch";
}

/**
 * Whether a result may be stored.
 * @throws AppError stale_epoch, result_conflict
 */
export function decideResult(
  record: MatchRecord,
  { epoch, shardId }: { readonly epoch: number; readonly shardId: string },
  ending: Ending,
): "store" | "duplicate" {
  const { match } = record;
  // The fence comes first: a shard that lost the match must not learn that it happens to agree. The epoch alone does not say
  // whose it is: a shard that did not answer an offer in time may hold the match under the epoch that another one got.
  if (epoch !== match.epoch || (shardId !== "" && shardId !== match.shard_id))
    throw fail("stale_epoch", { details: { epoch: match.epoch } });
  if (match.state === "running") return "store";
  if (!sameEnding(record, ending)) throw fail("result_conflict");
  return "duplicate";
}

export const OPERATOR_CANCELLED: Ending = {
  state: "cancelled",
  endReason: null,
  cancelReason: "operator",
  ticks: 0,
  stateHash: "",
  seats: [],
  unplayed: [],
};

/**
 * Whether an operator may cancel it, whatever shard holds it and under which epoch.
 * @throws AppError match_over
 */
export function decideCancel({ match }: MatchRecord): "cancel" | "duplicate" {
  if (match.state === "running") return "cancel";
  if (match.cancel_reason === OPERATOR_CANCELLED.cancelReason) return "duplicate";
  throw fail("match_over");
}

/** A cancelled match has nothing but its reason: who cancels it need not know how far it came. */
function sameEnding({ match, participants }: MatchRecord, ending: Ending): boolean {
  if (ending.state === "cancelled") return match.state === "cancelled" && match.cancel_reason === ending.cancelReason;
  const sameSeats = participants.every(
    (p, i) => p.score === (ending.seats[i]?.score ?? null) && p.rank === (ending.seats[i]?.rank ?? null),
  );
  return (
    match.state === ending.state &&
    match.end_reason === ending.endReason &&
    match.cancel_reason === ending.cancelReason &&
    match.ticks === ending.ticks &&
    match.state_hash === ending.stateHash &&
    sameSeats
  );
}
