// What a verdict brings with it: the event, and what is asked of rating-service. In the caller's transaction, which has the replay locked.
import { appendEvent } from "@muster/events";
import type { Transaction } from "kysely";
import { replayVerified } from "./events.ts";
import type { Outcome } from "./replays.ts";
import type { Tables } from "./schema.ts";
import { wantEffect } from "./store/effects.ts";
import { storeOutcome } from "./store/queue.ts";
import { type ReplayRow, matchOf } from "./store/replays.ts";

/**
 * A suspect match counts for nobody, unless an operator has accepted this very verdict. Any other verdict puts a match back that was taken out: what
 * cannot be verified is not suspect.
 */
export async function storeVerdict(tx: Transaction<Tables>, row: ReplayRow, outcome: Outcome, at: Date): Promise<void> {
  const { match_id: matchId, decision } = row;
  await storeOutcome(tx, matchId, outcome, at);
  if (outcome.verdict === "suspect" && decision !== "accepted")
    await wantEffect(tx, matchId, "excluded", `replay suspect: ${outcome.reason}`, at);
  if (outcome.verdict !== "suspect") await wantEffect(tx, matchId, "included", `replay ${outcome.verdict}`, at);
  await appendEvent(tx, replayVerified(matchOf(row), outcome, at));
}
