// The rules by which a gateway follows a match from one shard to another: a state and an event give the next state and a list
// of actions. Pure: no clock, no timers, no sockets; match.ts carries out the actions. design/realtime/survival.md has the
// protocol, and tools/drills runs these rules through thousands of random schedules. None of this runs per tick.
import { answered, ask, askAbout, epochOf, withdraw } from "./takeover-question.ts";
import { locate, watchAt, watchRefused } from "./takeover-spectators.ts";
import {
  type Draft,
  hasLog,
  linkOf,
  type MatchEvent,
  type MatchState,
  type Nowhere,
  type Outcome,
} from "./takeover-state.ts";

/** How often a refused seat is searched for elsewhere. */
const LOOKS_MAX = 3;
const FIRST_EPOCH = 1;
/** After this long without an answer, the match is given up. */
const ASK_WITHIN_MS = 12_000;
/** Refusals of a shard that does not hold the match: another one may. */
const ELSEWHERE: ReadonlySet<string> = new Set(["match_not_found", "stale_epoch", "match_over"]);

/** What an event makes of a match. `L`: a link to a shard, compared by identity. */
export function takeover<L>(state: MatchState<L>, event: MatchEvent<L>): Outcome<L> {
  const draft: Draft<L> = { ...state, actions: [] };
  apply(draft, event);
  const { actions, ...next } = draft;
  return { state: next, actions };
}

function apply<L>(draft: Draft<L>, event: MatchEvent<L>): void {
  switch (event.kind) {
    case "joinRequested":
      return joinRequested(draft, event);
    case "seatJoined":
      return updateSeat(draft, event.seat, { at: "joined", looks: 0, hadSeat: true });
    case "joinRefused":
      return joinRefused(draft, event);
    case "left":
      return left(draft, event);
    case "replaced":
      return forget(draft, event.seat);
    case "followed":
      return followed(draft, event);
    case "linkSuspected":
      return linkSuspected(draft, event.link);
    case "linkHeardAgain":
      return linkHeardAgain(draft, event.link);
    case "linkClosed":
      return linkClosed(draft, event.link);
    case "moving":
      return moving(draft);
    case "relocated":
      return relocated(draft, event);
    case "nowhere":
      if (!concerns(draft, event.epoch)) return;
      answered(draft);
      return nowhere(draft, event);
    case "askTimerFired":
      return askTimerFired(draft, event.waitedMs);
    case "backOffOver":
      draft.backOffMs = 0;
      return;
    case "keepTimeOver":
      return keepTimeOver(draft);
    case "ended":
    case "cancelled":
      return over(draft, event);
    case "stored":
      return hasLog(draft.phase) ? drop(draft) : undefined;
    case "watched":
      draft.epoch = Math.max(draft.epoch, FIRST_EPOCH);
      draft.watch ??= { link: undefined, epoch: 0, shown: false, looks: 0 };
      return;
    case "locate":
      return draft.watch ? locate(draft) : undefined;
    case "watching":
      if (draft.watch) draft.watch = { ...draft.watch, shown: true, looks: 0 };
      return;
    case "watchRefused":
      return watchRefused(draft, event.code);
    case "unwatched":
      return unwatched(draft);
    default:
      event satisfies never;
  }
}

// ── seats ────────────────────────────────────────────────────────────────────────────────────────────────────────────

function joinRequested<L>(draft: Draft<L>, event: MatchEvent<L> & { kind: "joinRequested" }): void {
  const { seat, epoch, link, hearing } = event;
  draft.epoch = Math.max(draft.epoch, epoch);
  draft.seats = [...draft.seats, { seat, at: "waiting", link, looks: 0, hadSeat: false }];
  if (hearing !== "heard") askAbout(draft, link, hearing); // who asked when it was suspected has been answered
  if (!draft.question) join(draft, seat, link);
}

function joinRefused<L>(draft: Draft<L>, { seat, code }: MatchEvent<L> & { kind: "joinRefused" }): void {
  const refused = draft.seats.find((one) => one.seat === seat);
  if (!refused) return;
  if (!ELSEWHERE.has(code) || refused.looks >= LOOKS_MAX) {
    draft.actions.push({ kind: "notify", seat, news: { kind: "joinRefused", why: code } });
    return forget(draft, seat);
  }
  updateSeat(draft, seat, { at: "waiting", looks: refused.looks + 1 });
  ask(draft, { lost: false, suspect: undefined });
}

function left<L>(draft: Draft<L>, { seat, forfeit }: MatchEvent<L> & { kind: "left" }): void {
  if (!draft.seats.some((one) => one.seat === seat)) return;
  draft.actions.push({ kind: "leave", seat, forfeit });
  forget(draft, seat);
}

function forget<L>(draft: Draft<L>, seat: number): void {
  const rest = draft.seats.filter((one) => one.seat !== seat);
  if (rest.length === draft.seats.length) return;
  draft.seats = rest;
  draft.actions.push({ kind: "forget", seat });
  if (rest.length === 0 && !draft.watch) unwanted(draft);
}

function join<L>(draft: Draft<L>, seat: number, link: L): void {
  updateSeat(draft, seat, { at: "asked", link });
  draft.actions.push({ kind: "join", seat, link });
}

/** The players on this link send nothing until the match is somewhere again. */
function suspend<L>(draft: Draft<L>, link: L): void {
  for (const one of draft.seats.filter((other) => other.link === link)) {
    updateSeat(draft, one.seat, { at: "waiting" });
    draft.actions.push({ kind: "suspend", seat: one.seat });
  }
}

function updateSeat<L>(draft: Draft<L>, seat: number, change: Partial<Draft<L>["seats"][number]>): void {
  draft.seats = draft.seats.map((one) => (one.seat === seat ? { ...one, ...change } : one));
}

// ── links ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/**
 * The shard has this gateway carry the match, unless it is one that was replaced. Nor is it followed when whoever asked has left
 * meanwhile: the shard has heard that by now, and would never say that the log is not needed any more.
 */
function followed<L>(draft: Draft<L>, { link, epoch, replica }: MatchEvent<L> & { kind: "followed" }): void {
  if (hasLog(draft.phase) ? draft.phase.epoch > epoch : !replica && draft.seats.length === 0 && !draft.watch) return;
  unbind(draft);
  draft.phase = { kind: "following", epoch, link };
}

/** The shard answers no heartbeats; its link is open. It may come back before another one is found. */
function linkSuspected<L>(draft: Draft<L>, link: L): void {
  if (isOn(draft, link)) ask(draft, { lost: isLostWith(draft, link), suspect: link });
}

function linkHeardAgain<L>(draft: Draft<L>, link: L): void {
  if (draft.question?.suspect !== link) return;
  withdraw(draft);
  // Who came meanwhile has waited for the answer, and asks now.
  for (const { seat, at } of draft.seats) if (at === "waiting") join(draft, seat, link);
  const { watch } = draft;
  if (watch && !watch.shown && watch.link !== link) watchAt(draft, { link, epoch: watch.epoch, hearing: "heard" });
}

function linkClosed<L>(draft: Draft<L>, link: L): void {
  if (isOn(draft, link)) {
    const lost = isLostWith(draft, link);
    if (linkOf(draft.phase) === link) unlink(draft);
    suspend(draft, link);
    if (lost) withdraw(draft); // it is not to be taken back any more
    ask(draft, { lost, suspect: undefined });
  }
  // A question of spectators may have been lost with it.
  if (draft.watch?.link === link && !draft.watch.shown) locate(draft);
}

/** The shard has stopped the match on purpose. */
function moving<L>(draft: Draft<L>): void {
  const link = linkOf(draft.phase);
  if (link === undefined) return;
  unbind(draft);
  unlink(draft);
  suspend(draft, link);
  ask(draft, { lost: true, suspect: undefined });
}

/** Its log comes from there, or a seat is asked for there. */
export function isOn<L>(state: MatchState<L>, link: L): boolean {
  return linkOf(state.phase) === link || state.seats.some((one) => one.link === link);
}

/** False where the match is, or may be, at another shard: a seat was only asked for at this one. */
function isLostWith<L>(state: MatchState<L>, link: L): boolean {
  if (hasLog(state.phase)) return state.phase.link === link || state.phase.link === undefined;
  return state.seats.every((one) => one.link === link);
}

/** No shard sends ticks any more; this gateway has the log. */
function unlink<L>(draft: Draft<L>): void {
  const { phase } = draft;
  draft.phase =
    phase.kind === "over"
      ? { ...phase, link: undefined, transferred: false }
      : { kind: "moving", epoch: epochOf(draft), link: undefined };
}

/** No frame is taken from there any more. */
function unbind<L>(draft: Draft<L>): void {
  const link = linkOf(draft.phase);
  if (link !== undefined) draft.actions.push({ kind: "unbind", link });
}

// ── the matchmaker ───────────────────────────────────────────────────────────────────────────────────────────────────

/** Whether what the matchmaker says is of interest here, and not older than what is known. */
export function concerns<L>(state: MatchState<L>, epoch: number): boolean {
  return epoch >= epochOf(state) && (hasLog(state.phase) || state.seats.length > 0 || state.watch !== undefined);
}

function relocated<L>(draft: Draft<L>, { epoch, link, hearing, movable }: MatchEvent<L> & { kind: "relocated" }): void {
  if (!concerns(draft, epoch)) return;
  answered(draft);
  draft.epoch = epoch;
  const { phase } = draft;
  if (hasLog(phase) && (phase.epoch < epoch || phase.link !== link)) {
    if (!movable) return nowhere(draft, { over: "shard_lost" });
    unbind(draft); // from here on no frame of the epoch before is taken
    draft.actions.push({ kind: "transferLog", link, epoch });
    draft.phase =
      phase.kind === "over" ? { ...phase, epoch, link, transferred: true } : { kind: "moving", epoch, link };
    if (draft.seats.length === 0) draft.actions.push({ kind: "dropLater" });
  }
  for (const one of draft.seats) {
    const here = one.at === "asked" || (one.at === "joined" && isBoundTo(draft, link));
    if (here && one.link === link) continue;
    draft.actions.push({ kind: "leave", seat: one.seat, forfeit: false }, { kind: "suspend", seat: one.seat });
    join(draft, one.seat, link);
  }
  watchAt(draft, { link, epoch, hearing });
  // Nobody else has it yet. Whoever only watches, or holds the log, waits for the link: it is not theirs to move.
  if (hearing !== "heard" && draft.seats.length > 0) askAbout(draft, link, hearing);
}

/** Its frames come from there. */
export function isBoundTo<L>({ phase }: MatchState<L>, link: L): boolean {
  if (phase.kind === "over") return phase.link === link && !phase.transferred;
  return phase.kind === "following" && phase.link === link;
}

/** @param toJoining what those hear who have no seat yet */
function nowhere<L>(draft: Draft<L>, { over: why, ended }: Nowhere, toJoining: string = why): void {
  const { phase, seats } = draft;
  const known = hasLog(phase) || seats.length > 0;
  if (why !== "match_over" && phase.kind !== "over" && known) draft.actions.push({ kind: "countLost" });
  for (const { seat, hadSeat } of seats) {
    // A shard that is heard again, or answers late, gives the seat to nobody.
    draft.actions.push({ kind: "leave", seat, forfeit: false });
    if (ended) draft.actions.push({ kind: "notify", seat, news: { kind: "ended", ended } });
    else if (!hadSeat) draft.actions.push({ kind: "notify", seat, news: { kind: "joinRefused", why: toJoining } });
    else draft.actions.push({ kind: "notify", seat, news: { kind: "cancelled", reason: why, matchSeq: 0 } });
    forget(draft, seat);
  }
  if (draft.watch) draft.actions.push({ kind: "refuseSpectators", code: why, toAsking: toJoining });
  if (hasLog(draft.phase)) drop(draft);
}

function askTimerFired<L>(draft: Draft<L>, waitedMs: number): void {
  const { question } = draft;
  if (!question) return;
  if (waitedMs <= ASK_WITHIN_MS) {
    draft.actions.push({ kind: "askAgain" });
    return;
  }
  draft.actions.push({ kind: "giveUp", epoch: epochOf(draft) });
  withdraw(draft);
  nowhere(draft, { over: question.lost ? "shard_lost" : "shard_unavailable" }, "shard_unavailable");
}

// ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** Its players hear of it at once; the log stays until match-service has the result. */
function over<L>(draft: Draft<L>, event: MatchEvent<L> & { kind: "ended" | "cancelled" }): void {
  if (!hasLog(draft.phase)) return;
  const { epoch, link } = draft.phase;
  draft.phase = { kind: "over", epoch, link, transferred: false };
  for (const { seat } of draft.seats.filter(({ at }) => at === "joined")) {
    draft.actions.push({ kind: "leave", seat, forfeit: false }, { kind: "notify", seat, news: event });
    forget(draft, seat);
  }
  if (draft.watch) draft.actions.push({ kind: "endSpectators", reason: event.kind });
}

/**
 * Nobody here plays or watches it. An ended match's log stays, and is looked for, until its result is stored; a running one's is the
 * other gateways', or ours again as one of its replicas.
 */
function unwanted<L>(draft: Draft<L>): void {
  if (draft.phase.kind === "located") return withdraw(draft);
  if (draft.phase.kind === "over") return;
  if (draft.question?.lost)
    draft.actions.push({ kind: "dropLater" }); // the next shard may need the log
  else drop(draft);
}

function drop<L>(draft: Draft<L>): void {
  draft.actions.push({ kind: "drop", link: linkOf(draft.phase) });
  draft.phase = { kind: "located" };
  if (draft.seats.length === 0 && !draft.watch) withdraw(draft);
}

/** A log that was transferred was kept in case its new shard is lost before it has stored anything. While one is looked for it stays. */
function keepTimeOver<L>(draft: Draft<L>): void {
  const link = linkOf(draft.phase);
  const isTransferred = link !== undefined && !isBoundTo(draft, link);
  if (isTransferred && draft.seats.length === 0) drop(draft);
}

/** It has no spectators any more. The shard that was asked for them may not have answered yet. */
function unwatched<L>(draft: Draft<L>): void {
  for (const link of new Set([linkOf(draft.phase), draft.watch?.link]))
    if (link !== undefined) draft.actions.push({ kind: "unwatch", link });
  draft.watch = undefined;
  if (draft.seats.length === 0) unwanted(draft);
}
