// Short constructors of events for the tests of the takeover rules. Links are strings.
import { takeover } from "../src/matches/takeover.ts";
import {
  type Action,
  type Hearing,
  type MatchEvent,
  type MatchState,
  newMatchState,
} from "../src/matches/takeover-state.ts";

export type Event = MatchEvent<string>;

/** Nothing that a rule is given may change. */
export function frozen<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (typeof part === "object" && part !== null) frozen(part as object);
  return Object.freeze(value);
}

/** What became of a match, and what the last of the events had done. */
export function after(...events: readonly Event[]): { state: MatchState<string>; actions: readonly Action<string>[] } {
  let outcome = { state: newMatchState<string>(), actions: [] as readonly Action<string>[] };
  for (const event of events) outcome = takeover(frozen(outcome.state), event);
  return outcome;
}

export const joins = (seat: number, link = "a", epoch = 1, hearing: Hearing = "heard"): Event => ({
  kind: "joinRequested",
  seat,
  epoch,
  link,
  hearing,
});
export const joined = (seat: number): Event => ({ kind: "seatJoined", seat });
export const followed = (link: string, epoch = 1, replica = false): Event => ({
  kind: "followed",
  link,
  epoch,
  replica,
});
export const closed = (link: string): Event => ({ kind: "linkClosed", link });
export const suspected = (link: string): Event => ({ kind: "linkSuspected", link });
export const heardAgain = (link: string): Event => ({ kind: "linkHeardAgain", link });
export const left = (seat: number): Event => ({ kind: "left", seat, forfeit: false });
export const relocated = (
  link: string,
  epoch: number,
  { movable = true, hearing = "heard" }: { movable?: boolean; hearing?: Hearing } = {},
): Event => ({ kind: "relocated", link, epoch, hearing, movable });
export const waited = (waitedMs: number): Event => ({ kind: "askTimerFired", waitedMs });
export const playing: readonly Event[] = [joins(1), followed("a"), joined(1)];

export const cancelled = { kind: "cancelled", reason: "no_show", matchSeq: 1 } as const satisfies Event;
