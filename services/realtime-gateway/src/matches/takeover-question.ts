// Part of takeover.ts: when the matchmaker is asked where a match runs, and when the question is withdrawn.
import { type Draft, type Hearing, hasLog, type MatchState } from "./takeover-state.ts";

/** After an answer that did not help (the shard that it names cannot be reached, or refuses): twice as long each time, up to the maximum. */
const BACK_OFF_MS = 250;
const BACK_OFF_MS_MAX = 1000;

/** A question that the shard is lost replaces one that only asks where the match is. */
export function ask<L>(draft: Draft<L>, question: { readonly lost: boolean; readonly suspect: L | undefined }): void {
  if (draft.question && (draft.question.lost || !question.lost)) return;
  draft.question = question;
  draft.actions.push({ kind: "ask", epoch: epochOf(draft), lost: question.lost, waitMs: draft.backOffMs });
}

/** The match is to be where nobody is heard. A gateway that hears no shard at all is cut off itself, and calls none lost. */
export function askAbout<L>(draft: Draft<L>, link: L, hearing: Exclude<Hearing, "heard">): void {
  ask(draft, { lost: hearing === "suspected", suspect: link });
}

export function withdraw<L>(draft: Draft<L>): void {
  if (!draft.question) return;
  draft.question = undefined;
  draft.actions.push({ kind: "withdraw" });
}

/** The next question has to wait for a while: the answer may not help. */
export function answered<L>(draft: Draft<L>): void {
  withdraw(draft);
  draft.backOffMs = draft.backOffMs === 0 ? BACK_OFF_MS : Math.min(draft.backOffMs * 2, BACK_OFF_MS_MAX);
  // Remembered for longer: the next answer comes a little later than that.
  draft.actions.push({ kind: "backOff", forMs: 2 * draft.backOffMs });
}

export function epochOf<L>(state: MatchState<L>): number {
  return hasLog(state.phase) ? state.phase.epoch : state.epoch;
}
