// What a match is, before and after it is played.
import type { CancelReasonName, EndReasonName } from "@muster/contracts/match/names";
import type { Game, GameResult } from "@muster/game-kit";
import type { TraceContext } from "@muster/tracing";

export interface MatchSpec {
  readonly matchId: string;
  readonly epoch: number;
  readonly mode: string;
  readonly game: Game;
  readonly options: Readonly<Record<string, number>>;
  readonly seed: number;
  /** By seat. */
  readonly players: readonly MatchPlayer[];
  readonly trace: TraceContext;
}

export interface MatchPlayer {
  readonly playerId: string;
  readonly playerName: string;
  /** Played by the game itself, by this bot of it. */
  readonly bot?: string | undefined;
}

export interface MatchTimes {
  readonly joinWithinMs: number;
  readonly graceMs: number;
  readonly keyframeEveryTicks: number;
}

export type MatchOutcome =
  | { readonly kind: "ended"; readonly reason: EndReasonName; readonly result: GameResult }
  | { readonly kind: "cancelled"; readonly reason: MatchCancelReason };

/** One that was never placed was never at a shard. */
export type MatchCancelReason = Exclude<CancelReasonName, "not_placed">;
