import { duel } from "@muster/game-duel";
import { four } from "@muster/game-four";
import type { Game } from "@muster/game-kit";
import { newTrace } from "@muster/tracing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { earlyLeaversOf, leftEarly, unplayedOf } from "./attendance.ts";
import type { Link, LinkSession } from "../tick/subscribers.ts";
import { InputRings } from "../tick/input-rings.ts";
import { Match } from "./match.ts";
import type { MatchOutcome } from "./match-spec.ts";

const PLAYED_AFTER_MS = 3000;
/** Four of them are less than the time for a move. */
const GRACE_MS = 4000;
const TIMES = { joinWithinMs: 10_000, graceMs: GRACE_MS, keyframeEveryTicks: 60 };
const link: Link = {
  gatewayId: "g",
  control: () => undefined,
  unseat: () => undefined,
  refuse: () => undefined,
  keyframe: () => undefined,
  viewDelta: () => undefined,
  tick: () => undefined,
};

/** A match that everybody has come to; `over` has its end as it is when the owner hears of it. */
function begun(game: Game, players: readonly string[] = ["a", "b"]) {
  const over: { outcome: MatchOutcome; early: number[]; unplayed: number[] }[] = [];
  const early: number[] = [];
  const owner = {
    inputs: new InputRings(),
    pace: { ticksPerSnapshot: 1 },
    onStart: () => undefined,
    onInput: () => undefined,
    onLeft: (one: Match, seat: number) => {
      if (leftEarly(one.seats[seat]!, PLAYED_AFTER_MS)) early.push(seat);
    },
    onOver: ({ seats }: Match, outcome: MatchOutcome) =>
      void over.push({
        outcome,
        early: earlyLeaversOf(seats, outcome, PLAYED_AFTER_MS),
        unplayed: unplayedOf(seats, outcome, PLAYED_AFTER_MS),
      }),
    replicaFor: () => undefined,
    guard: { enter: () => undefined, leave: () => undefined },
    onFault: () => undefined,
  };
  const spec = { matchId: "m", epoch: 1, mode: "m", game, options: {}, seed: 7, trace: newTrace() };
  const all = players.map((playerId) => ({ playerId, playerName: playerId }));
  const match = new Match({ ...spec, players: all }, { channel: 1, watchdogSlot: 0 }, TIMES, owner);
  let sessions = 0;
  const join = (seat: number): LinkSession => {
    const session = { link, id: ++sessions };
    match.join(seat, players[seat] as string, session);
    return session;
  };
  return { match, join, sessions: players.map((_, seat) => join(seat)) as [LinkSession, LinkSession], over, early };
}

type Begun = ReturnType<typeof begun>;

/** Ways of the first seat to be gone after that time in the match, seconds or minutes later for the other one. */
const WAYS: Record<string, (one: Begun, afterMs: number) => void> = {
  "gives up": ({ match, sessions }, afterMs) => {
    vi.advanceTimersByTime(afterMs);
    match.leave(0, sessions[0], true);
  },
  "drops and does not come back": ({ match, sessions }, afterMs) => {
    vi.advanceTimersByTime(afterMs);
    match.leave(0, sessions[0], false);
    vi.advanceTimersByTime(GRACE_MS);
  },
  "drops at once, comes back late, and gives up": ({ match, sessions, join }, afterMs) => {
    match.leave(0, sessions[0], false);
    vi.advanceTimersByTime(GRACE_MS - 1);
    const back = join(0);
    vi.advanceTimersByTime(afterMs);
    match.leave(0, back, true);
  },
  "drops again and again, and gives up": ({ match, sessions, join }, afterMs) => {
    let session = sessions[0];
    for (let i = 0; i < 4; i++) {
      vi.advanceTimersByTime(i === 0 ? afterMs : 0);
      match.leave(0, session, false);
      vi.advanceTimersByTime(GRACE_MS - 1);
      session = join(0);
    }
    match.leave(0, session, true);
  },
};
const GAMES = { "with a clock": duel as unknown as Game, "without a clock": four as unknown as Game };

describe("a match that one of two leaves", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  describe.each(Object.entries(GAMES))("%s", (_, game) => {
    it.each(Object.entries(WAYS))("%s: early on it was not played, and that is this one's fault", (_name, leave) => {
      for (const afterMs of [0, 1, 150, 1500, PLAYED_AFTER_MS - 1]) {
        const one = begun(game);
        leave(one, afterMs);
        expect(one.over).toMatchObject([{ outcome: { kind: "ended", reason: "forfeit" }, early: [0] }]);
        expect(one.over[0]?.unplayed).toContain(0);
      }
      const long = begun(game);
      leave(long, PLAYED_AFTER_MS);
      expect(long.over).toMatchObject([{ outcome: { kind: "ended", reason: "forfeit" }, early: [] }]);
    });
  });

  it("is nobody's gain when one of them never did a thing, however long it was", () => {
    const { match, sessions, over } = begun(GAMES["with a clock"]);
    match.tick();
    expect(match.input(1, 1, 0, Uint8Array.of(1), 0, 1)).toBeUndefined();
    match.tick();
    vi.advanceTimersByTime(60_000);
    match.leave(0, sessions[0], true);
    expect(over).toMatchObject([{ early: [], unplayed: [0] }]);
  });

  it("is the fault of who went first: not of who will not wait for it, and nobody's when all were lost", () => {
    const waited = begun(GAMES["with a clock"]);
    waited.match.leave(0, waited.sessions[0], false);
    vi.advanceTimersByTime(100);
    waited.match.leave(1, waited.sessions[1], true);
    expect(waited.over).toEqual([{ outcome: { kind: "cancelled", reason: "abandoned" }, early: [0], unplayed: [] }]);
    const lost = begun(GAMES["with a clock"]);
    for (const [seat, session] of lost.sessions.entries()) lost.match.leave(seat, session, false);
    vi.advanceTimersByTime(GRACE_MS);
    expect(lost.over).toEqual([{ outcome: { kind: "cancelled", reason: "abandoned" }, early: [], unplayed: [] }]);
  });

  it("goes on without it where more play, and it is told at once", () => {
    const { match, sessions, over, early } = begun(three, ["a", "b", "c"]);
    match.leave(0, sessions[0], true);
    expect([early, over]).toEqual([[0], []]);
    vi.advanceTimersByTime(PLAYED_AFTER_MS);
    match.leave(1, sessions[1], true);
    expect(over).toMatchObject([{ outcome: { reason: "forfeit" }, early: [0] }]);
  });
});

/** As far as attendance goes, a game of three. */
const three = {
  ...(duel as unknown as Game),
  seatsMax: 3,
  init: () => undefined,
  step: () => undefined,
  result: () => undefined,
  forfeit: (_: unknown, left: readonly boolean[]) => ({
    seats: left.map((gone) => ({ score: 0, rank: gone ? 2 : 1 })),
  }),
} as Game;
