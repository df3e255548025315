// Converts what the other processes say to control messages for the client.
import type { Assignment } from "@muster/contracts/matchmaking/v2";
import type { LinkJoined, LinkWatching } from "@muster/contracts/realtime/link/v1";
import { FRAME_BYTES_MAX, PROTOCOL_VERSION, REALTIME_ERRORS, type RealtimeErrorCode } from "@muster/realtime";
import { currentTrace } from "@muster/tracing";
import type { Control } from "./outbound.ts";
import type { Ending, SeatStatus } from "../matches/player.ts";

/** 0 would say that we do not say. */
function clamped(ms: number): number {
  return Math.min(Math.max(1, Math.floor(ms)), 0xffff_ffff);
}

export function welcome(requestId: number, playerId: string, idleTimeoutMs: number, tokenEndsInMs: number): Control {
  const ours = { protocolVersion: PROTOCOL_VERSION, idleTimeoutMs, maxFrameBytes: FRAME_BYTES_MAX };
  const value = { ...ours, playerId, tokenEndsInMs: clamped(tokenEndsInMs) };
  return { requestId, message: { case: "welcome", value } };
}

export function matchFound({ seats, ...assignment }: Assignment): Control {
  const { ticketId, matchId, mode, gameId, seat, seatTicket, joinWithinMs, held } = assignment;
  const players = seats.map(({ seat: number, playerId, playerName: name, bot }) => ({
    seat: number,
    playerId,
    name,
    bot,
  }));
  const value = { ticketId, matchId, mode, gameId, seat, players, seatTicket, joinWithinMs, held };
  return { message: { case: "matchFound", value } };
}

export function matchJoined(requestId: number, joined: LinkJoined): Control {
  const { matchId, seat, tickRate, gameId, buildId, layoutHash, lastInputSeq, resumed, options, seats } = joined;
  const value = { matchId, seat, tickRate, gameId, buildId, layoutHash, lastInputSeq, resumed, options, seats };
  return { requestId, message: { case: "matchJoined", value } };
}

export function watching(requestId: number, match: LinkWatching, delayMs: number): Control {
  const { matchId, tickRate, gameId, buildId, layoutHash, options, seats } = match;
  const value = { matchId, tickRate, gameId, buildId, layoutHash, options, seats, delayMs };
  return { requestId, message: { case: "watching", value } };
}

export function seatStatus(matchId: string, { seat, connected, graceMs, matchSeq }: SeatStatus): Control {
  return { matchSeq, message: { case: "seatStatus", value: { matchId, seat, connected, graceMs } } };
}

export function matchEnded(matchId: string, { reason, seats, ticks, stateHash, matchSeq = 0 }: Ending): Control {
  const scores = seats.map(({ score, rank }, seat) => ({ seat, score, rank }));
  return { matchSeq, message: { case: "matchEnded", value: { matchId, reason, seats: scores, ticks, stateHash } } };
}

/** `message` and `retryable` where another process knows better than the table. */
export function errorReply(
  requestId: number,
  code: RealtimeErrorCode,
  more: { readonly count?: number; readonly message?: string; readonly retryAfterMs?: number } = {},
): Control {
  const { message, retryable } = REALTIME_ERRORS[code];
  const traceId = currentTrace()?.traceId ?? "";
  const { count = 0, retryAfterMs = 0 } = more;
  const value = { code, message: more.message ?? message, retryable, traceId, count, retryAfterMs };
  return { requestId, message: { case: "error", value } };
}
