import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listener, MATCH, Stage } from "../test/seats-stage.ts";
import type { Ending } from "./seat.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const KEPT_MS = 10_000;

describe("a seat", () => {
  it("is asked for at the shard of its ticket, and where the match is followed, whatever the ticket says", () => {
    const stage = new Stage();
    stage.playing();
    stage.take(listener(), "old:1");
    expect(stage.link("a:1").sent).toEqual(["join 1", "join 2"]);
    expect(stage.links.has("old:1")).toBe(false);
  });

  it("shows its player the last keyframe and what came since, and again when a full socket has drained", () => {
    const stage = new Stage();
    const { one, seat } = stage.playing();
    expect(one.frames).toEqual([100, 1, 2]);
    one.player.outbound.setStale(0);
    one.player.outbound.setFresh();
    stage.seats.catchUp(seat);
    expect(one.frames.slice(3)).toEqual([100, 1, 2]);
  });

  it("that is not taken yet is shown nothing", () => {
    const stage = new Stage();
    const { match } = stage.playing();
    const other = listener();
    const seat = stage.take(other);
    match.onKeyframe(0, Uint8Array.of(0, 101));
    stage.seats.catchUp(seat);
    expect(other.frames).toEqual([]);
  });

  it("hears of the others in the match, not of itself", () => {
    const stage = new Stage();
    const { one, match } = stage.playing();
    const other = listener();
    stage.take(other).number = 1;
    stage.join("a:1");
    const [first, second] = [...stage.link("a:1").sessions.values()];
    first?.onJoined({ seat: 0, view: 0 } as never);
    second?.onJoined({ seat: 1, view: 0 } as never);
    for (const { heard } of [one, other]) heard.length = 0;
    stage.seats.onSeatStatus(match, { seat: 1, connected: false, graceMs: 1, matchSeq: 1 } as never);
    second?.onSeatStatus({ seat: 0, connected: true } as never); // told to this session alone
    first?.onInputRefused("input_too_late" as never);
    expect(one.heard).toEqual(["seat 1 is away", "input refused: input_too_late"]);
    expect(other.heard).toEqual(["seat 0 is back"]);
  });

  it("is left at its shard, as given up or not; with the last one here the match is not followed any more", () => {
    const stage = new Stage();
    const { seat } = stage.playing();
    const other = listener();
    const second = stage.take(other);
    stage.seats.leave(second, true);
    expect(stage.seats.followed).toBe(1);
    stage.seats.leave(seat, false);
    expect(stage.seats.followed).toBe(0);
    expect(stage.link("a:1").sent.slice(2)).toEqual(["leave 2 forfeit", "leave 1", `unbind ${MATCH}`]);
    stage.seats.forget(seat); // again: nothing to forget
    expect(stage.pass(5000)).toEqual([]);
  });

  it("that another connection of the player takes is forgotten, and the player hears it", () => {
    const stage = new Stage();
    const { one } = stage.playing();
    for (const session of stage.link("a:1").sessions.values()) session.onReplaced();
    expect(one.heard).toEqual(["joined 0", "replaced"]);
    expect(stage.seats.followed).toBe(0);
  });
});

describe("a seat that its shard refuses", () => {
  it.each(["match_not_found", "stale_epoch", "match_over"])("with %s is looked for elsewhere, three times", (code) => {
    const stage = new Stage();
    const one = listener();
    stage.take(one);
    for (let look = 0; look < 3; look++) {
      stage.refuse("a:1", code);
      expect(stage.pass(1500)[0]).toEqual({ matchId: MATCH, epoch: 1, ticks: 0, lost: false });
      stage.tell({ shardAddress: "a:1" });
    }
    expect(one.heard).toEqual([]);
    stage.refuse("a:1", code);
    expect(one.heard).toEqual([`refused: ${code}`]);
    expect(stage.pass(5000)).toEqual([]);
  });

  it("for any other reason is refused to the player at once", () => {
    const stage = new Stage();
    const one = listener();
    stage.take(one);
    stage.refuse("a:1", "seat_taken");
    expect(one.heard).toEqual(["refused: seat_taken"]);
    expect(stage.pass(5000)).toEqual([]);
  });
});

describe("a match that ends", () => {
  it("is over for its players at once, with the last frame; its log stays until the result is stored", () => {
    const stage = new Stage();
    const { one, match } = stage.playing();
    one.player.outbound.inSync = false; // behind
    stage.end(match);
    expect(one.heard).toEqual(["joined 0", "ended: played"]);
    expect(one.frames.slice(3)).toEqual([100, 1, 2]);
    expect(stage.link("a:1").sent.at(-1)).toBe("leave 1");
    expect(stage.seats.followed).toBe(1);
    stage.seats.onStored(match);
    expect(stage.seats.followed).toBe(0);
  });

  it("is looked for when its shard is lost before the result is stored, and handed over without any player", () => {
    const stage = new Stage();
    const { match } = stage.playing();
    stage.end(match);
    stage.cut("a:1");
    expect(stage.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 2, lost: true }]);
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    expect(stage.link("b:1").sent).toEqual([`hand over ${MATCH}: epoch 2, 2 ticks`]);
  });

  it("by being cancelled says why", () => {
    const stage = new Stage();
    const { one, match } = stage.playing();
    stage.seats.onCancelled(match, { reason: "no_show", matchSeq: 1 } as never);
    expect(one.heard).toEqual(["joined 0", "cancelled: no_show"]);
  });

  it("without a player here who has the seat is told to nobody", () => {
    const stage = new Stage();
    const one = listener();
    stage.take(one);
    const match = stage.follow("a:1");
    stage.end(match as never);
    expect(one.heard).toEqual([]);
  });
});

describe("a match that the matchmaker finds nowhere", () => {
  const ended: Ending = { reason: "forfeit", seats: [], ticks: 9, stateHash: "" };

  it.each([
    ["was played to its end", { over: "match_over", ended }, "ended: forfeit", 0],
    ["was lost", { over: "shard_lost" }, "cancelled: shard_lost", 1],
    ["is over, nobody knows how", { over: "match_over" }, "cancelled: match_over", 0],
  ] as const)("since it %s, is over for who plays it", (_, place, heard, lost) => {
    const stage = new Stage();
    const { one } = stage.playing();
    stage.cut("a:1");
    expect(stage.pass(0)).toHaveLength(1);
    stage.tell(place as never);
    expect(one.heard).toEqual(["joined 0", heard]);
    expect([stage.lost, stage.seats.followed]).toEqual([lost, 0]);
    expect(stage.pass(KEPT_MS)).toEqual([]);
  });

  it("is refused to who has not joined it yet", () => {
    const stage = new Stage();
    const one = listener();
    stage.take(one);
    stage.refuse("a:1", "match_not_found");
    stage.tell({ over: "match_not_found" });
    expect(one.heard).toEqual(["refused: match_not_found"]);
  });

  it("and nobody says anything of, is given up after twelve seconds: to who waits to join as not available now, to who played as lost", () => {
    const stage = new Stage();
    const { one } = stage.playing();
    const other = listener();
    stage.cut("a:1");
    stage.take(other, "a:1");
    stage.pass(13_000);
    expect(one.heard).toEqual(["joined 0", "cancelled: shard_lost"]);
    expect(other.heard).toEqual(["refused: shard_unavailable"]);
    expect(stage.lost).toBe(1);
  });

  it("and nobody says anything of, is refused as not available now where no shard was lost", () => {
    const stage = new Stage();
    const one = listener();
    stage.take(one);
    stage.refuse("a:1", "match_not_found");
    stage.pass(13_000);
    expect(one.heard).toEqual(["refused: shard_unavailable"]);
  });

  it("is none of a gateway that has nothing to do with it", () => {
    const stage = new Stage();
    stage.tell({ over: "shard_lost" });
    stage.tell({ shardAddress: "b:1" });
    expect([stage.lost, stage.links.size]).toEqual([0, 0]);
  });
});

describe("the log of a match without players here", () => {
  it("is kept for ten seconds after it was handed over, in case the shard that got it dies too", () => {
    for (const takenUp of [false, true]) {
      const stage = new Stage();
      const { seat } = stage.playing();
      stage.cut("a:1");
      stage.seats.leave(seat, false); // gone while the match is looked for
      stage.pass(1000);
      stage.tell({ shardAddress: "b:1", epoch: 2 });
      expect(stage.link("b:1").sent).toEqual([`hand over ${MATCH}: epoch 2, 2 ticks`]);
      if (takenUp) stage.follow("b:1", { epoch: 2, afterTicks: 2 });
      stage.pass(KEPT_MS + 1000);
      expect(stage.seats.followed).toBe(takenUp ? 1 : 0);
    }
  });

  it("stays when its last player leaves while it is looked for, until it is found or given up", () => {
    const stage = new Stage();
    const { seat } = stage.playing();
    stage.cut("a:1");
    stage.seats.leave(seat, false);
    expect(stage.pass(2500)).toHaveLength(3);
    expect(stage.seats.followed).toBe(1);
    stage.pass(KEPT_MS + 1000);
    expect(stage.seats.followed).toBe(0);
    expect(stage.pass(KEPT_MS)).toEqual([]);
  });
});
