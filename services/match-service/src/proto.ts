import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { cancelReasons, endReasons, matchStates } from "@muster/contracts/match/names";
import { CancelReason, EndReason, type MatchSchema } from "@muster/contracts/match/v2";
import type { MatchRecord } from "./matches.ts";

export function toProto({ match, participants }: MatchRecord): MessageInitShape<typeof MatchSchema> {
  return {
    matchId: match.id,
    mode: match.mode,
    gameId: match.game_id,
    buildId: match.build_id,
    seed: match.seed,
    epoch: match.epoch,
    shardId: match.shard_id,
    state: matchStates.valueOf(match.state),
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
    endReason: match.end_reason ? endReasons.valueOf(match.end_reason) : EndReason.UNSPECIFIED,
    cancelReason: match.cancel_reason ? cancelReasons.valueOf(match.cancel_reason) : CancelReason.UNSPECIFIED,
    ticks: match.ticks,
    stateHash: match.state_hash,
    options: JSON.parse(match.options) as Record<string, number>,
  };
}
