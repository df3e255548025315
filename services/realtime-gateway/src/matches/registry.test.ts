import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listener, MATCH, RegistryHarness } from "../../test/registry-harness.ts";
import type { Ending } from "./player.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const KEPT_MS = 10_000;

describe("a seat", () => {
  it("is asked for at the shard of its ticket, and where the match is followed, whatever the ticket says", () => {
    const harness = new RegistryHarness();
    harness.playing();
    harness.take(listener(), "old:1");
    expect(harness.link("a:1").sent).toEqual(["join 1", "join 2"]);
    expect(harness.links.has("old:1")).toBe(false);
  });

  it("shows its player the last keyframe and what came since, and again when a full socket has drained", () => {
    const harness = new RegistryHarness();
    const { one, seat } = harness.playing();
    expect(one.frames).toEqual([100, 1, 2]);
    one.player.outbound.setStale(0);
    one.player.outbound.setFresh();
    seat.catchUp();
    expect(one.frames.slice(3)).toEqual([100, 1, 2]);
  });

  it("that is not taken yet is shown nothing", () => {
    const harness = new RegistryHarness();
    const { match } = harness.playing();
    const other = listener();
    const seat = harness.take(other);
    match.onKeyframe(0, Uint8Array.of(0, 101));
    seat.catchUp();
    expect(other.frames).toEqual([]);
  });

  it("hears of the others in the match, not of itself", () => {
    const harness = new RegistryHarness();
    const { one, match } = harness.playing();
    const other = listener();
    harness.take(other).number = 1;
    harness.join("a:1");
    const [first, second] = [...harness.link("a:1").sessions.values()];
    first?.onJoined({ seat: 0, view: 0 } as never);
    second?.onJoined({ seat: 1, view: 0 } as never);
    for (const { heard } of [one, other]) heard.length = 0;
    harness.matches.onSeatStatus(match, { seat: 1, connected: false, graceMs: 1, matchSeq: 1 } as never);
    second?.onSeatStatus({ seat: 0, connected: true } as never); // told to this session alone
    first?.onInputRefused("input_too_late" as never);
    expect(one.heard).toEqual(["seat 1 is away", "input refused: input_too_late"]);
    expect(other.heard).toEqual(["seat 0 is back"]);
  });

  it("is left at its shard, as given up or not; with the last one here the match is not followed any more", () => {
    const harness = new RegistryHarness();
    const { seat } = harness.playing();
    const other = listener();
    const second = harness.take(other);
    second.leave(true);
    expect(harness.matches.followed).toBe(1);
    seat.leave(false);
    expect(harness.matches.followed).toBe(0);
    expect(harness.link("a:1").sent.slice(2)).toEqual(["leave 2 forfeit", "leave 1", `unbind ${MATCH}`]);
    seat.leave(false); // again: nothing to forget
    expect(harness.pass(5000)).toEqual([]);
  });

  it("that another connection of the player takes is forgotten, and the player hears it", () => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    for (const session of harness.link("a:1").sessions.values()) session.onReplaced();
    expect(one.heard).toEqual(["joined 0", "replaced"]);
    expect(harness.matches.followed).toBe(0);
  });
});

describe("a seat that its shard refuses", () => {
  it.each(["match_not_found", "stale_epoch", "match_over"])("with %s is looked for elsewhere, three times", (code) => {
    const harness = new RegistryHarness();
    const one = listener();
    harness.take(one);
    for (let look = 0; look < 3; look++) {
      harness.refuse("a:1", code);
      expect(harness.pass(1500)[0]).toEqual({ matchId: MATCH, epoch: 1, ticks: 0, lost: false });
      harness.tell({ shardAddress: "a:1" });
    }
    expect(one.heard).toEqual([]);
    harness.refuse("a:1", code);
    expect(one.heard).toEqual([`refused: ${code}`]);
    expect(harness.pass(5000)).toEqual([]);
  });

  it("for any other reason is refused to the player at once", () => {
    const harness = new RegistryHarness();
    const one = listener();
    harness.take(one);
    harness.refuse("a:1", "seat_taken");
    expect(one.heard).toEqual(["refused: seat_taken"]);
    expect(harness.pass(5000)).toEqual([]);
  });
});

describe("a match that ends", () => {
  it("is over for its players at once, with the last frame; its log stays until the result is stored", () => {
    const harness = new RegistryHarness();
    const { one, match } = harness.playing();
    one.player.outbound.inSync = false; // behind
    harness.end(match);
    expect(one.heard).toEqual(["joined 0", "ended: played"]);
    expect(one.frames.slice(3)).toEqual([100, 1, 2]);
    expect(harness.link("a:1").sent.at(-1)).toBe("leave 1");
    expect(harness.matches.followed).toBe(1);
    harness.matches.onStored(match);
    expect(harness.matches.followed).toBe(0);
  });

  it("is looked for when its shard is lost before the result is stored, and transferred without any player", () => {
    const harness = new RegistryHarness();
    const { match } = harness.playing();
    harness.end(match);
    harness.cut("a:1");
    expect(harness.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 2, lost: true }]);
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    expect(harness.link("b:1").sent).toEqual([`transfer ${MATCH}: epoch 2, 2 ticks`]);
  });

  it("by being cancelled says why", () => {
    const harness = new RegistryHarness();
    const { one, match } = harness.playing();
    harness.matches.onCancelled(match, { reason: "no_show", matchSeq: 1 } as never);
    expect(one.heard).toEqual(["joined 0", "cancelled: no_show"]);
  });

  it("is over for everybody else though one of its sockets fails; whoever told of the end hears of that", () => {
    const harness = new RegistryHarness();
    const { one, match } = harness.playing();
    const other = listener();
    harness.take(other);
    harness.join("a:1");
    one.player.onEnded = () => {
      throw new Error("a socket fails");
    };
    expect(() => harness.end(match)).toThrow("a socket fails");
    expect(other.heard.at(-1)).toBe("ended: played");
    expect(harness.link("a:1").sent.slice(2)).toEqual(["leave 1", "leave 2"]);
    harness.matches.onStored(match);
    expect(harness.matches.get(MATCH)).toBeUndefined();
  });

  it("without a player here who has the seat is told to nobody", () => {
    const harness = new RegistryHarness();
    const one = listener();
    harness.take(one);
    const match = harness.follow("a:1");
    harness.end(match as never);
    expect(one.heard).toEqual([]);
  });
});

describe("a match that the matchmaker finds nowhere", () => {
  const ended: Ending = { reason: "forfeit", seats: [], ticks: 9, stateHash: "" };

  it.each([
    ["was played to its end", { over: "match_over", ended }, "ended: forfeit", 0],
    ["was lost", { over: "shard_lost" }, "cancelled: shard_lost", 1],
    ["is over, nobody knows how", { over: "match_over" }, "cancelled: match_over", 0],
  ] as const)("since it %s, is over for who plays it", (_, location, heard, lost) => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    harness.cut("a:1");
    expect(harness.pass(0)).toHaveLength(1);
    harness.tell(location as never);
    expect(one.heard).toEqual(["joined 0", heard]);
    expect([harness.lost, harness.matches.followed]).toEqual([lost, 0]);
    expect(harness.pass(KEPT_MS)).toEqual([]);
  });

  it("is done with before a player who joins again at once is looked after", () => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    Object.assign(one.player, { onCancelled: () => void harness.take(listener()) });
    harness.tell({ over: "shard_lost" });
    expect(harness.link("a:1").sent).toEqual(["join 1", "leave 1", `unbind ${MATCH}`, "join 2"]);
  });

  it.each([
    ["asked for", () => {}],
    ["given", (harness: RegistryHarness) => (harness.follow("a:1"), harness.join("a:1"))],
    ["stopped on purpose", (harness: RegistryHarness) => harness.matches.onMoving(harness.playing().match)],
  ] as const)(
    "gives back each seat that was %s: its shard, heard again, says nothing more to its player",
    (_, before) => {
      const harness = new RegistryHarness();
      const one = listener();
      harness.take(one);
      before(harness);
      harness.tell({ over: "shard_lost" });
      const heard = [...one.heard];
      expect(harness.link("a:1").sessions.size).toBe(0);
      harness.join("a:1");
      expect(one.heard).toEqual(heard);
    },
  );

  it("is refused to who has not joined it yet", () => {
    const harness = new RegistryHarness();
    const one = listener();
    harness.take(one);
    harness.refuse("a:1", "match_not_found");
    harness.tell({ over: "match_not_found" });
    expect(one.heard).toEqual(["refused: match_not_found"]);
  });

  it("and nobody says anything of, is given up after twelve seconds: to who waits to join as not available now, to who played as lost", () => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    const other = listener();
    harness.cut("a:1");
    harness.take(other, "a:1");
    harness.pass(13_000);
    expect(one.heard).toEqual(["joined 0", "cancelled: shard_lost"]);
    expect(other.heard).toEqual(["refused: shard_unavailable"]);
    expect(harness.lost).toBe(1);
  });

  it("and nobody says anything of, is refused as not available now where no shard was lost", () => {
    const harness = new RegistryHarness();
    const one = listener();
    harness.take(one);
    harness.refuse("a:1", "match_not_found");
    harness.pass(13_000);
    expect(one.heard).toEqual(["refused: shard_unavailable"]);
  });

  it("is none of a gateway that has nothing to do with it", () => {
    const harness = new RegistryHarness();
    harness.tell({ over: "shard_lost" });
    harness.tell({ shardAddress: "b:1" });
    expect([harness.lost, harness.links.size]).toEqual([0, 0]);
  });
});

describe("the log of a match without players here", () => {
  it("is not begun for a player or spectator who left while the shard's answer was on its way: the shard says no more of it", () => {
    const harness = new RegistryHarness();
    const seat = harness.take(listener());
    seat.leave(false);
    expect(harness.follow("a:1")).toBeUndefined();
    expect([harness.matches.followed, harness.matches.get(MATCH)]).toEqual([0, undefined]);
    expect(harness.follow("a:1", { witness: true })).toBeDefined();
    expect(harness.matches.followed).toBe(1);
  });

  it("is kept for ten seconds after it was transferred, in case the shard that got it dies too", () => {
    for (const takenUp of [false, true]) {
      const harness = new RegistryHarness();
      const { seat } = harness.playing();
      harness.cut("a:1");
      seat.leave(false); // gone while the match is looked for
      harness.pass(1000);
      harness.tell({ shardAddress: "b:1", epoch: 2 });
      expect(harness.link("b:1").sent).toEqual([`transfer ${MATCH}: epoch 2, 2 ticks`]);
      if (takenUp) harness.follow("b:1", { epoch: 2, afterTicks: 2 });
      harness.pass(KEPT_MS + 1000);
      expect(harness.matches.followed).toBe(takenUp ? 1 : 0);
    }
  });

  it("stays when its last player leaves while it is looked for, until it is found or given up", () => {
    const harness = new RegistryHarness();
    const { seat } = harness.playing();
    harness.cut("a:1");
    seat.leave(false);
    expect(harness.pass(2500)).toHaveLength(3);
    expect(harness.matches.followed).toBe(1);
    harness.pass(KEPT_MS + 1000);
    expect(harness.matches.followed).toBe(0);
    expect(harness.pass(KEPT_MS)).toEqual([]);
  });
});
