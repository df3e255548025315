// The link messages that a match sends to gateways.
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { LinkFollowSchema } from "@muster/contracts/realtime/link/v1";
import { descriptionOf, type GameOptions } from "@muster/game-kit";
import type { ToGateway } from "../tick/subscribers.ts";
import type { MatchOutcome, MatchSpec } from "./match-spec.ts";

/** What players and spectators need to know before they can read a frame. */
export function rulesOf(spec: MatchSpec, channel: number, options: GameOptions) {
  const { matchId, game, players } = spec;
  const { id: gameId, buildId, tickRate } = game;
  const { layoutHash } = descriptionOf(game);
  return { channel, matchId, tickRate, gameId, buildId, layoutHash, options: { ...options }, seats: players.length };
}

export function follow(value: MessageInitShape<typeof LinkFollowSchema>): ToGateway {
  return { message: { case: "follow", value } };
}

export function seatStatus(
  channel: number,
  matchSeq: number,
  status: { readonly seat: number; readonly connected: boolean; readonly graceMs: number },
  session = 0,
): ToGateway {
  return { message: { case: "seatStatus", value: { channel, matchSeq, session, ...status } } };
}

export function ending(
  channel: number,
  matchSeq: number,
  outcome: MatchOutcome,
  { ticks, stateHash }: { readonly ticks: number; readonly stateHash: string },
): ToGateway {
  if (outcome.kind === "cancelled")
    return { message: { case: "cancelled", value: { channel, matchSeq, reason: outcome.reason } } };
  const seats = outcome.result.seats.map(({ score, rank }) => ({ score, rank }));
  return { message: { case: "ended", value: { channel, matchSeq, reason: outcome.reason, seats, ticks, stateHash } } };
}
