// Part of takeover.ts: what it knows about a match, the events, and the actions.
import type { Ending } from "./player.ts";

/** `L`: a link to a shard, compared by identity. */
export interface MatchState<L> {
  /** From a seat ticket or the matchmaker; a log has its own epoch. */
  readonly epoch: number;
  readonly phase: Phase<L>;
  readonly seats: readonly SeatState<L>[];
  /** While there are spectators here. */
  readonly watch: WatchState<L> | undefined;
  /** Asked of the matchmaker, and not answered yet. */
  readonly question: Question<L> | undefined;
  /** How long the next question has to wait; 0: it may be asked at once. */
  readonly backOffMs: number;
}

export type Phase<L> =
  /** This gateway has no log: a seat ticket or the matchmaker says where the match runs. */
  | { readonly kind: "located" }
  /** A shard sends it here, tick by tick. */
  | { readonly kind: "following"; readonly epoch: number; readonly link: L }
  /** This gateway has the log, and no shard sends ticks. `link`: the shard to which the log was transferred, once there is one. */
  | { readonly kind: "moving"; readonly epoch: number; readonly link: L | undefined }
  /** The players have heard the end; the log stays until the result is stored. */
  | { readonly kind: "over"; readonly epoch: number; readonly link: L | undefined; readonly transferred: boolean };

export interface SeatState<L> {
  /** Its number in this gateway's match, not the shard's. */
  readonly seat: number;
  /** `waiting`: for the matchmaker's answer; `asked`: a join is on its way on the link; `joined`: the shard has given it. */
  readonly at: "waiting" | "asked" | "joined";
  readonly link: L;
  /** How often it was looked for elsewhere. */
  readonly looks: number;
  /** Some shard has given it to the player, on this connection: until then there is a request to answer. */
  readonly hadSeat: boolean;
}

export interface WatchState<L> {
  /** Where the match was asked for last. */
  readonly link: L | undefined;
  readonly epoch: number;
  /** Spectators are shown something. */
  readonly shown: boolean;
  readonly looks: number;
}

export interface Question<L> {
  /** The shard is lost; otherwise the question is only where the match is. */
  readonly lost: boolean;
  /** The link whose shard is suspected; it is open: when it is heard again, the question is withdrawn. */
  readonly suspect: L | undefined;
}

/** Of a link's shard. `cut off`: it is suspected like every other one, so that it is this gateway that is cut off. */
export type Hearing = "heard" | "suspected" | "cut off";

export interface Location<L> {
  readonly link: L;
  readonly epoch: number;
  readonly hearing: Hearing;
}

export interface Nowhere {
  /** Why: a code of the error table. */
  readonly over: string;
  readonly ended?: Ending | undefined;
}

/** What a player hears of the end of a seat. */
export type News =
  | { readonly kind: "joinRefused"; readonly why: string }
  | { readonly kind: "ended"; readonly ended: Ending }
  | { readonly kind: "cancelled"; readonly reason: string; readonly matchSeq: number };

export type MatchEvent<L> =
  // from players
  | ({ readonly kind: "joinRequested"; readonly seat: number } & Location<L>)
  | { readonly kind: "left"; readonly seat: number; readonly forfeit: boolean }
  // from links
  | { readonly kind: "seatJoined"; readonly seat: number }
  | { readonly kind: "joinRefused"; readonly seat: number; readonly code: string }
  /** Another connection of the player has the seat. */
  | { readonly kind: "replaced"; readonly seat: number }
  /** `replica`: for the log alone; otherwise a player or spectator here asked for the match. */
  | { readonly kind: "followed"; readonly link: L; readonly epoch: number; readonly replica: boolean }
  | { readonly kind: "linkSuspected" | "linkHeardAgain" | "linkClosed"; readonly link: L }
  | { readonly kind: "moving" | "stored" }
  | (News & { readonly kind: "ended" | "cancelled" })
  // from the matchmaker; `movable`: the log has not outgrown its limit
  | ({ readonly kind: "relocated"; readonly movable: boolean } & Location<L>)
  | ({ readonly kind: "nowhere"; readonly epoch: number } & Nowhere)
  // from the clock
  | { readonly kind: "askTimerFired"; readonly waitedMs: number }
  | { readonly kind: "backOffOver" | "keepTimeOver" }
  // from spectators, and about them
  | { readonly kind: "watched" | "locate" | "watching" | "unwatched" }
  | { readonly kind: "watchRefused"; readonly code: string };

export type Action<L> = MatchAction<L> | SeatAction<L>;

/** To a seat, or to the player who has it. */
export type SeatAction<L> =
  | { readonly kind: "join"; readonly seat: number; readonly link: L }
  | { readonly kind: "leave"; readonly seat: number; readonly forfeit: boolean }
  | { readonly kind: "suspend" | "forget"; readonly seat: number }
  | { readonly kind: "notify"; readonly seat: number; readonly news: News };

export type MatchAction<L> =
  // to the matchmaker, by way of a timer
  | { readonly kind: "ask"; readonly epoch: number; readonly lost: boolean; readonly waitMs: number }
  | { readonly kind: "askAgain" | "withdraw" }
  | { readonly kind: "backOff"; readonly forMs: number }
  | { readonly kind: "giveUp"; readonly epoch: number }
  // to links
  | { readonly kind: "unbind" | "watch" | "unwatch"; readonly link: L }
  | { readonly kind: "transferLog"; readonly link: L; readonly epoch: number }
  // of the log
  | { readonly kind: "drop"; readonly link: L | undefined }
  | { readonly kind: "dropLater" | "countLost" }
  // to spectators
  | { readonly kind: "endSpectators"; readonly reason: "ended" | "cancelled" }
  | { readonly kind: "refuseSpectators"; readonly code: string; readonly toAsking: string };

export interface Outcome<L> {
  readonly state: MatchState<L>;
  readonly actions: readonly Action<L>[];
}

/** The next state and its actions while an event is applied. */
export type Draft<L> = { -readonly [K in keyof MatchState<L>]: MatchState<L>[K] } & { readonly actions: Action<L>[] };

/** A match that nothing is known about. */
export function newMatchState<L>(): MatchState<L> {
  return { epoch: 0, phase: { kind: "located" }, seats: [], watch: undefined, question: undefined, backOffMs: 0 };
}

/** There is nothing to remember about it. */
export function isForgotten<L>({ phase, seats, watch, question, backOffMs }: MatchState<L>): boolean {
  return phase.kind === "located" && seats.length === 0 && !watch && !question && backOffMs === 0;
}

export function hasLog<L>(phase: Phase<L>): phase is Exclude<Phase<L>, { readonly kind: "located" }> {
  return phase.kind !== "located";
}

/** Where its frames come from, or are to come from. */
export function linkOf<L>(phase: Phase<L>): L | undefined {
  return phase.kind === "located" ? undefined : phase.link;
}
