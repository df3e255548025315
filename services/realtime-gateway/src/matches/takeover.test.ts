// The rules of takeover.ts by themselves. takeover-cases.test.ts lists the actions for each event; registry.test.ts and
// registry-moving.test.ts test the effects with links, seats and timers.
import { describe, expect, it } from "vitest";
import {
  after,
  cancelled,
  closed,
  type Event,
  followed,
  heardAgain,
  joins,
  left,
  playing,
  relocated,
  suspected,
} from "../../test/takeover-events.ts";
import { concerns, isBoundTo, takeover } from "./takeover.ts";
import { isForgotten, type MatchState, newMatchState } from "./takeover-state.ts";

describe("the rules of a takeover", () => {
  it("lead a match whose link is gone to the shard that the matchmaker names", () => {
    const suspended = after(...playing, closed("a"));
    expect(suspended.state).toMatchObject({ phase: { kind: "moving", epoch: 1 }, question: { lost: true } });
    expect(suspended.actions).toEqual([
      { kind: "suspend", seat: 1 },
      { kind: "ask", epoch: 1, lost: true, waitMs: 0 },
    ]);
    const moved = takeover(suspended.state, relocated("b", 2));
    expect(moved.actions.map(({ kind }) => kind)).toEqual([
      "withdraw",
      "backOff",
      "transferLog",
      "leave",
      "suspend",
      "join",
    ]);
    const { state } = takeover(moved.state, followed("b", 2));
    expect([isBoundTo(state, "b"), isBoundTo(state, "a")]).toEqual([true, false]);
  });

  it("bind a match to one shard: the one that is left is unbound first, and one of an epoch before is not followed", () => {
    const moved = after(...playing, relocated("b", 2));
    expect(moved.actions.slice(1, 3)).toEqual([
      { kind: "unbind", link: "a" },
      { kind: "transferLog", link: "b", epoch: 2 },
    ]);
    const stale = takeover(moved.state, followed("a", 1));
    expect(stale).toEqual({ state: moved.state, actions: [] });
    expect(after(...playing, followed("c", 1)).actions).toEqual([{ kind: "unbind", link: "a" }]);
  });

  it("do not call a match lost with a link that only a seat was asked for on, while it is followed elsewhere", () => {
    for (const event of [closed("old"), { kind: "linkSuspected", link: "old" } as const]) {
      const { state, actions } = after(joins(1, "old"), followed("b", 2), event);
      expect(state.phase).toEqual({ kind: "following", epoch: 2, link: "b" });
      expect(actions.at(-1)).toEqual({ kind: "ask", epoch: 2, lost: false, waitMs: 0 });
    }
    expect(after(joins(1, "old"), joins(2, "b", 2), closed("old")).state).toMatchObject({
      question: { lost: false },
      seats: [
        { seat: 1, at: "waiting" },
        { seat: 2, at: "asked" },
      ],
    });
  });

  it("hand an ended match's log over again, and forget it when the result is stored or when it was kept for long enough", () => {
    const over = after(...playing, cancelled, closed("a"));
    expect(over.state).toMatchObject({ phase: { kind: "over", link: undefined }, question: { lost: true }, seats: [] });
    const moved = takeover(over.state, relocated("b", 2));
    expect(moved.state.phase).toEqual({ kind: "over", epoch: 2, link: "b", transferred: true });
    expect(isBoundTo(moved.state, "b")).toBe(false);
    expect(moved.actions.slice(-2).map(({ kind }) => kind)).toEqual(["transferLog", "dropLater"]);
    const again = takeover(moved.state, closed("b"));
    expect(again.state.question).toEqual({ lost: true, suspect: undefined });
    expect(takeover(again.state, { kind: "keepTimeOver" })).toEqual({ state: again.state, actions: [] });
    for (const kind of ["stored", "keepTimeOver"] as const) {
      const gone = takeover(takeover(moved.state, { kind: "backOffOver" }).state, { kind });
      expect(gone.actions).toEqual([{ kind: "drop", link: "b" }]);
      expect(isForgotten(gone.state)).toBe(true);
    }
  });

  it("keep the log that nobody plays while the next shard is looked for, and ask nothing about what is stored", () => {
    const transferred = after(...playing, closed("a"), left(1), relocated("b", 2));
    expect(transferred.actions.at(-1)).toEqual({ kind: "dropLater" });
    const sought = takeover(transferred.state, closed("b"));
    expect(takeover(sought.state, { kind: "keepTimeOver" })).toEqual({ state: sought.state, actions: [] });
    const stored = after(...playing, cancelled, { kind: "linkSuspected", link: "a" }, { kind: "stored" });
    expect(stored.actions).toEqual([{ kind: "drop", link: "a" }, { kind: "withdraw" }]);
    expect(isForgotten(stored.state)).toBe(true);
  });

  it("count a match as lost that was played, not one that was over", () => {
    const lost: Event = { kind: "nowhere", epoch: 1, over: "shard_lost" };
    expect(after(...playing, lost).actions).toContainEqual({ kind: "countLost" });
    expect(after(...playing, cancelled, lost).actions).not.toContainEqual({ kind: "countLost" });
  });

  it("take a match that its shard stops on purpose away from it, and what was over before stays over", () => {
    expect(after(...playing, { kind: "moving" }).actions).toEqual([
      { kind: "unbind", link: "a" },
      { kind: "suspend", seat: 1 },
      { kind: "ask", epoch: 1, lost: true, waitMs: 0 },
    ]);
    const over = after(...playing, cancelled, { kind: "moving" });
    expect(over.state.phase).toMatchObject({ kind: "over", link: undefined });
    expect(after({ kind: "moving" }).actions).toEqual([]);
  });

  it("let whoever waits join where the match was suspected, once it is heard again", () => {
    const { state, actions } = after(...playing, { kind: "linkSuspected", link: "a" }, joins(2, "a", 1, "suspected"), {
      kind: "linkHeardAgain",
      link: "a",
    });
    expect(actions).toEqual([{ kind: "withdraw" }, { kind: "join", seat: 2, link: "a" }]);
    expect(state.question).toBeUndefined();
    expect(after(...playing, { kind: "linkHeardAgain", link: "a" }).actions).toEqual([]);
  });

  it("call no shard lost while none is heard at all", () => {
    expect(after(joins(1, "a", 1, "cut off")).actions).toEqual([{ kind: "ask", epoch: 1, lost: false, waitMs: 0 }]);
  });

  it("end a match that is not to be moved", () => {
    const { actions } = after(...playing, closed("a"), relocated("b", 2, { movable: false }));
    expect(actions.slice(2)).toEqual([
      { kind: "countLost" },
      { kind: "leave", seat: 1, forfeit: false },
      { kind: "notify", seat: 1, news: { kind: "cancelled", reason: "shard_lost", matchSeq: 0 } },
      { kind: "forget", seat: 1 },
      { kind: "drop", link: undefined },
    ]);
  });

  it("change nothing for what they do not know, nor by what is older", () => {
    const { state } = after(...playing);
    const unknown: readonly Event[] = [
      { kind: "left", seat: 9, forfeit: false },
      { kind: "joinRefused", seat: 9, code: "match_over" },
      { kind: "replaced", seat: 9 },
      { kind: "watchRefused", code: "match_not_found" },
      { kind: "watching" },
      { kind: "locate" },
      { kind: "askTimerFired", waitedMs: 99_000 },
      { kind: "keepTimeOver" },
      closed("z"),
      suspected("z"),
      relocated("b", 0),
      { kind: "nowhere", epoch: 0, over: "match_over" },
    ];
    for (const event of unknown) expect(takeover(state, event)).toEqual({ state, actions: [] });
    const nothing = newMatchState<string>();
    expect(concerns(nothing, 5)).toBe(false);
    for (const event of [
      relocated("b", 1),
      { kind: "stored" },
      { kind: "cancelled", reason: "", matchSeq: 0 },
    ] as Event[])
      expect(takeover(nothing, event)).toEqual({ state: nothing, actions: [] });
  });
});

describe("the state of a match", () => {
  it("changes from following to moving, and from over to transferred, and names the shard whose frames are taken", () => {
    const bound = ({ state }: { state: MatchState<string> }): string[] =>
      ["a", "b"].filter((link) => isBoundTo(state, link));
    const moved = after(...playing, relocated("b", 2));
    expect(moved.state.phase).toEqual({ kind: "moving", epoch: 2, link: "b" });
    const over = after(...playing, cancelled);
    expect(over.state.phase).toEqual({ kind: "over", epoch: 1, link: "a", transferred: false });
    const unlinked = after(...playing, cancelled, relocated("b", 2), closed("b"));
    expect(unlinked.state.phase).toEqual({ kind: "over", epoch: 2, link: undefined, transferred: false });
    expect([after(...playing), moved, over, unlinked].map(bound)).toEqual([["a"], [], ["a"], []]);
  });

  it("keeps the shard that may be heard again, not one whose link has closed", () => {
    expect(after(...playing, suspected("a")).state.question).toEqual({ lost: true, suspect: "a" });
    expect(after(...playing, suspected("a"), closed("a")).state.question).toEqual({ lost: true, suspect: undefined });
  });

  it("has a refused player wait for where the match is", () => {
    const { state } = after(joins(1), { kind: "joinRefused", seat: 1, code: "match_not_found" });
    expect(state.seats).toEqual([{ seat: 1, at: "waiting", link: "a", looks: 1, hadSeat: false }]);
  });
});

describe("the rules of spectators", () => {
  const watching: readonly Event[] = [{ kind: "watched" }, { kind: "locate" }, relocated("a", 1)];

  it("ask a shard for a match once, again where it goes, and look for it when it is refused or the link is gone", () => {
    expect(after(...watching).actions.at(-1)).toEqual({ kind: "watch", link: "a" });
    expect(after(...watching, relocated("a", 1)).actions.at(-1)).toEqual({ kind: "watch", link: "a" }); // it may be lost
    const unheard = relocated("a", 1, { hearing: "suspected" });
    expect(after(...watching, unheard).actions.at(-1)).toMatchObject({ kind: "backOff" });
    const shown = [...watching, followed("a"), { kind: "watching" }] as const;
    expect(after(...shown, relocated("a", 1)).actions.map(({ kind }) => kind)).toEqual(["backOff"]);
    for (const [link, epoch] of [
      ["b", 2],
      ["b", 1],
      ["a", 2],
    ] as const)
      expect(after(...shown, relocated(link, epoch)).actions.at(-1)).toEqual({ kind: "watch", link });
    for (const event of [closed("a"), { kind: "watchRefused", code: "match_not_found" } as const])
      expect(after(...watching, event).actions.at(-1)).toMatchObject({ kind: "ask", lost: false, waitMs: 250 });
  });

  it("ask the shard that a match is followed from again for the next spectator, and no shard where nothing concerns them", () => {
    const followedHere = [{ kind: "watched" }, followed("a"), { kind: "locate" }] as const;
    for (const events of [followedHere, [...followedHere, { kind: "locate" }] as const])
      expect(after(...events).actions).toEqual([{ kind: "watch", link: "a" }]);
    expect(after(...watching, closed("z")).actions).toEqual([]);
  });

  it("ask a suspected shard when it is heard again, if they have not asked it before", () => {
    const asked = [...playing, { kind: "watched" }, { kind: "locate" }, suspected("a")] as const;
    expect(after(...asked, heardAgain("a")).actions).toEqual([{ kind: "withdraw" }]);
    const waits = [...playing, { kind: "watched" }, suspected("a"), { kind: "locate" }] as const;
    expect(after(...waits, heardAgain("a")).actions).toEqual([{ kind: "withdraw" }, { kind: "watch", link: "a" }]);
  });

  it("tell why a match cannot be watched, after three looks", () => {
    const refused = { kind: "watchRefused", code: "match_not_found" } as const;
    const looked = [refused, relocated("a", 1), refused, relocated("a", 1), refused, relocated("a", 1)] as const;
    for (const looks of [0, 2, 4])
      expect(after(...watching, ...looked.slice(0, looks), refused).actions).toMatchObject([
        { kind: "ask", lost: false },
      ]);
    expect(after(...watching, ...looked, refused).actions).toEqual([
      { kind: "refuseSpectators", code: "match_not_found", toAsking: "match_not_found" },
    ]);
    expect(after(...watching, { kind: "watchRefused", code: "watchers_full" }).actions).toEqual([
      { kind: "refuseSpectators", code: "watchers_full", toAsking: "watchers_full" },
    ]);
  });

  it("let go of what nobody watches any more, and keep what is played", () => {
    const gone = after(...watching, followed("a"), { kind: "unwatched" });
    expect(gone.actions).toEqual([
      { kind: "unwatch", link: "a" },
      { kind: "drop", link: "a" },
    ]);
    expect(after(...playing, { kind: "watched" }, { kind: "unwatched" }).state.phase.kind).toBe("following");
    const over = after(
      ...watching,
      followed("a"),
      { kind: "watching" },
      {
        kind: "cancelled",
        reason: "x",
        matchSeq: 1,
      },
    );
    expect(over.actions).toEqual([{ kind: "endSpectators", reason: "cancelled" }]);
  });
});
