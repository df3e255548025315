// Verifies that a log leads to the stored result.
import type { Game, SeatOutcome } from "../game.ts";
import { BadReplayError } from "../log/bad-replay-error.ts";
import { Replay, type ReplaySetup } from "./replay.ts";

/** The stored result of a match. */
export interface ReplayClaim {
  readonly ticks: number;
  readonly stateHash: string;
  /** By seat; undefined for a match that was cancelled. */
  readonly seats: readonly SeatOutcome[] | undefined;
}

/** `refused`: the game cannot play the log, so no match of this build has left it. */
export interface ReplayDifference {
  readonly what: "ticks" | "state_hash" | "scores" | "ranks" | "refused";
  readonly text: string;
}

/** Simulates the whole match again. @returns the differences; empty if the stored result is right */
export function verifyReplay(game: Game, setup: ReplaySetup, log: Uint8Array, claim: ReplayClaim): ReplayDifference[] {
  try {
    const replay = new Replay(game, setup, log);
    replay.seek(replay.ticks);
    return [...differences(replay, claim)];
  } catch (err) {
    if (err instanceof BadReplayError) return [{ what: "refused", text: err.message }];
    throw err;
  }
}

function* differences(replay: Replay, claim: ReplayClaim): Iterable<ReplayDifference> {
  const ticks = replay.ended === "forfeit" ? replay.ticks - 1 : replay.ticks;
  if (ticks !== claim.ticks) yield { what: "ticks", text: `${ticks} ticks, not ${claim.ticks}` };
  if (replay.hash !== claim.stateHash)
    yield { what: "state_hash", text: `the state hash is ${replay.hash}, not ${claim.stateHash}` };
  for (const [what, of] of [
    ["scores", (seat: SeatOutcome) => seat.score],
    ["ranks", (seat: SeatOutcome) => seat.rank],
  ] as const) {
    const [is, claimed] = [shown(replay.result?.seats.map(of)), shown(claim.seats?.map(of))];
    if (is !== claimed) yield { what, text: `the ${what} are ${is}, not ${claimed}` };
  }
}

function shown(values: readonly number[] | undefined): string {
  return values?.join(" ") ?? "none";
}
