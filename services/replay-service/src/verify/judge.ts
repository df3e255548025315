// What a replay file proves, by simulating it. No I/O.
import {
  BadReplayError,
  type Game,
  openReplayFile,
  optionsFor,
  type ReplayDifference,
  type ReplayFile,
  verifyReplay,
} from "@muster/game-kit";
import type { Outcome } from "../replays.ts";

/** What a shard lets a log grow to (packages/realtime), which no protocol is loaded for here. */
const LOG_BYTES_MAX = 768 * 1024;

/** By what differs first in this order. */
const REASONS: readonly (readonly [ReplayDifference["what"], string])[] = [
  ["refused", "log_refused"],
  ["ticks", "ticks_differ"],
  ["state_hash", "state_hash_differs"],
  ["scores", "score_differs"],
  ["ranks", "rank_differs"],
];

/** What can be read and played, but leads elsewhere, is suspect; what cannot is unverifiable. */
export async function judge(content: Uint8Array, builds: readonly Game[]): Promise<Outcome> {
  let file: ReplayFile;
  try {
    file = await openReplayFile(content, LOG_BYTES_MAX);
  } catch (err) {
    if (!(err instanceof BadReplayError)) throw err;
    return unverifiable("log_unreadable", err.message);
  }
  const { gameId, buildId } = file.header;
  const game = builds.find(({ id, buildId: build }) => id === gameId && build === buildId);
  if (!game) return unverifiable("build_missing", `build ${buildId} of ${gameId} is not installed here`);
  try {
    optionsFor(game, file.setup.options);
  } catch (err) {
    return unverifiable("options_unknown", (err as Error).message);
  }
  const differences = verifyReplay(game, file.setup, file.log, file.claim);
  const reason = REASONS.find(([what]) => differences.some((one) => one.what === what))?.[1];
  if (reason === undefined) return { verdict: "verified", reason: "same_result", detail: "" };
  return { verdict: "suspect", reason, detail: differences.map(({ text }) => text).join("; ") };
}

export function unverifiable(reason: string, detail: string): Outcome {
  return { verdict: "unverifiable", reason, detail };
}
