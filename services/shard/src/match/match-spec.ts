// What a match is, before and after it is played.
import { type Game, type GameResult, SnapshotDecoder } from "@muster/game-kit";
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

/** A log that another shard left: the match goes on behind it. */
export interface Inheritance {
  readonly log: Uint8Array;
  /** Low 16 bits of the state hash after the last record. */
  readonly check: number;
  /** A state on the way there; without it everything is simulated again. */
  readonly keyframe?: Uint8Array | undefined;
  /** Records that each gateway has already. */
  readonly held: ReadonlyMap<string, number>;
}

/** What a keyframe shows. @throws MalformedBitsError */
export function stateOf({ game }: MatchSpec, keyframe: Uint8Array): { tick: number; words: Int32Array } | undefined {
  if (game.conceal) return undefined; // it is not the whole state
  const decoder = new SnapshotDecoder(game);
  decoder.apply(keyframe);
  return { tick: decoder.tick, words: decoder.words };
}

/** The log does not lead where its holders saw the match. */
export class DivergedError extends Error {
  override readonly name = "DivergedError";
}
