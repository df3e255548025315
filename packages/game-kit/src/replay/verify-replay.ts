// Verifies that a log leads to the stored result.
import type { Game } from "../game.ts";
import { BadReplayError } from "../log/bad-replay-error.ts";
import { Replay, type ReplaySetup } from "./replay.ts";

/** The stored result of a match. */
export interface ReplayClaim {
  readonly ticks: number;
  readonly stateHash: string;
  /** By seat; undefined for a match that was cancelled. */
  readonly seats: readonly { readonly score: number; readonly rank: number }[] | undefined;
}

/** Simulates the whole match again. @returns the differences; empty if the stored result is right */
export function verifyReplay(game: Game, setup: ReplaySetup, log: Uint8Array, claim: ReplayClaim): string[] {
  try {
    const replay = new Replay(game, setup, log);
    replay.seek(replay.ticks);
    const problems: string[] = [];
    const ticks = replay.ended === "forfeit" ? replay.ticks - 1 : replay.ticks;
    if (ticks !== claim.ticks) problems.push(`${ticks} ticks, not ${claim.ticks}`);
    if (replay.hash !== claim.stateHash) problems.push(`the state hash is ${replay.hash}, not ${claim.stateHash}`);
    const seats = replay.result?.seats.map(({ score, rank }) => ({ score, rank }));
    const claimed = claim.seats?.map(({ score, rank }) => ({ score, rank }));
    if (JSON.stringify(seats) !== JSON.stringify(claimed)) problems.push("the result is another one");
    return problems;
  } catch (err) {
    if (err instanceof BadReplayError) return [err.message];
    throw err;
  }
}
