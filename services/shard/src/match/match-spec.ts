// What a match is, before and after it is played.
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
  | { readonly kind: "ended"; readonly reason: "played" | "forfeit"; readonly result: GameResult }
  | { readonly kind: "cancelled"; readonly reason: MatchCancelReason };

export type MatchCancelReason = "no_show" | "abandoned" | "fault" | "shard_lost" | "operator";
