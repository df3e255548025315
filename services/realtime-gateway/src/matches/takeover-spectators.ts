// Part of takeover.ts: which shard is asked for a match that spectators want to watch.
import { ask } from "./takeover-question.ts";
import { type Draft, linkOf, type Location } from "./takeover-state.ts";

/** How often a refused match is searched for elsewhere. */
const LOOKS_MAX = 3;

/** Where the match is followed, or else where the matchmaker says. */
export function locate<L>(draft: Draft<L>): void {
  const link = linkOf(draft.phase);
  if (link !== undefined && !draft.question) watchAt(draft, { link, epoch: draft.epoch, hearing: "heard" });
  else ask(draft, { lost: false, suspect: undefined });
}

/** Watches the match at the shard where it runs or continues. */
export function watchAt<L>(draft: Draft<L>, { link, epoch, hearing }: Location<L>): void {
  const { watch } = draft;
  if (!watch) return;
  const isHere = watch.link === link && watch.epoch === epoch;
  if (isHere && (hearing !== "heard" || watch.shown)) return; // it has been asked, or is shown
  draft.watch = { ...watch, link, epoch };
  draft.actions.push({ kind: "watch", link });
}

export function watchRefused<L>(draft: Draft<L>, code: string): void {
  const { watch } = draft;
  if (!watch) return;
  draft.watch = { ...watch, link: undefined, looks: watch.looks + 1 };
  if (watch.looks < LOOKS_MAX && code === "match_not_found") locate(draft);
  else draft.actions.push({ kind: "refuseSpectators", code, toAsking: code });
}
