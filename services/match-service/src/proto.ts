import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { CancelReason, EndReason, type MatchSchema, MatchState } from "@muster/contracts/match/v2";
import type { MatchRecord, MatchRow } from "./matches.ts";

export const STATES: Record<MatchRow["state"], MatchState> = {
  running: MatchState.RUNNING,
  ended: MatchState.ENDED,
  cancelled: MatchState.CANCELLED,
};
const ENDS = { played: EndReason.PLAYED, forfeit: EndReason.FORFEIT } as const;
export const CANCELS = {
  no_show: CancelReason.NO_SHOW,
  abandoned: CancelReason.ABANDONED,
  fault: CancelReason.FAULT,
  shard_lost: CancelReason.SHARD_LOST,
  operator: CancelReason.OPERATOR,
  not_placed: CancelReason.NOT_PLACED,
} as const;

export function toProto({ match, participants }: MatchRecord): MessageInitShape<typeof MatchSchema> {
  return {
    matchId: match.id,
    mode: match.mode,
    gameId: match.game_id,
    buildId: match.build_id,
    seed: match.seed,
    epoch: match.epoch,
    shardId: match.shard_id,
    state: STATES[match.state],
    participants: participants.map((p) => ({
      seat: p.seat,
      playerId: p.player_id,
      playerName: p.player_name,
      ...(p.score === null ? {} : { score: p.score }),
      ...(p.rank === null ? {} : { rank: p.rank }),
      bot: p.bot ?? "",
    })),
    createdAt: timestampFromDate(match.created_at),
    ...(match.ended_at ? { endedAt: timestampFromDate(match.ended_at) } : {}),
    endReason: match.end_reason ? ENDS[match.end_reason] : EndReason.UNSPECIFIED,
    cancelReason: match.cancel_reason ? CANCELS[match.cancel_reason] : CancelReason.UNSPECIFIED,
    ticks: match.ticks,
    stateHash: match.state_hash,
    options: JSON.parse(match.options) as Record<string, number>,
  };
}
