// A match goes from one shard to another: design/realtime/survival.md. joins.test.ts has what players are answered, whatever happens.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listener, MATCH, Stage } from "../test/seats-stage.ts";
import { tickFrame } from "../test/tick-frame.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const LOST = { matchId: MATCH, epoch: 1, ticks: 2, lost: true };

describe("a match whose shard is lost", () => {
  it("goes on at another one with the log from here; its players have their seats again without a word of theirs", () => {
    const stage = new Stage();
    const { one, seat } = stage.playing();
    stage.cut("a:1");
    expect(seat.joined).toBe(false);
    expect(stage.pass(0)).toEqual([LOST]);
    vi.advanceTimersByTime(299);
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    const b = stage.link("b:1");
    expect(b.sent).toEqual([`hand over ${MATCH}: epoch 2, 2 ticks`, "join 1"]);
    const match = stage.follow("b:1", { epoch: 2, channel: 9, afterTicks: 2 });
    stage.join("b:1");
    expect(seat.joined).toBe(true);
    expect(stage.movedMs.map(Math.round)).toEqual([300]);
    const frame = tickFrame(3, Uint8Array.of(0, 3));
    match?.onTick(frame, 0, frame.length);
    expect(match?.ticks).toBe(3);
    expect(one.heard).toEqual(["joined 0", "joined 0"]);
    expect(stage.pass(5000)).toEqual([]);
  });

  it("takes nothing from the shard before any more, and no older word of the matchmaker", () => {
    const stage = new Stage();
    const { match } = stage.playing();
    const before = stage.link("a:1");
    stage.seats.onMoving(match);
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    expect(before.sent).toContain(`unbind ${MATCH}`);
    expect(stage.follow("a:1", { epoch: 1 })).toBeUndefined();
    stage.tell({ shardAddress: "c:1", epoch: 1 });
    expect(stage.links.has("c:1")).toBe(false);
  });

  it("is handed over again when the next shard is lost before it took the match", () => {
    const stage = new Stage();
    stage.playing();
    stage.cut("a:1");
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    stage.pass(100);
    stage.cut("b:1");
    expect(stage.pass(1000)[0]).toEqual({ ...LOST, epoch: 2 });
    stage.tell({ shardAddress: "c:1", epoch: 3 });
    expect(stage.link("c:1").sent).toEqual([`hand over ${MATCH}: epoch 3, 2 ticks`, "join 1"]);
    stage.follow("c:1", { epoch: 3, afterTicks: 2 });
    stage.join("c:1");
    expect(stage.movedMs).toHaveLength(1);
  });

  it("and whose log has outgrown its limit cannot go on: it is over, as lost", () => {
    const stage = new Stage();
    const { one, match } = stage.playing();
    const record = new Uint8Array(60_000);
    for (let tick = 3; match.movable; tick++) {
      const frame = tickFrame(tick, Uint8Array.of(0, 9), { record });
      match.onTick(frame, 0, frame.length);
    }
    stage.cut("a:1");
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    expect(one.heard).toEqual(["joined 0", "cancelled: shard_lost"]);
    expect(stage.link("b:1").sent).toEqual([]);
    expect([stage.lost, stage.seats.followed]).toEqual([1, 0]);
  });

  it("is no matter of matches at other shards", () => {
    const stage = new Stage();
    const { one, seat } = stage.playing();
    stage.link("b:1");
    stage.cut("b:1");
    expect(stage.pass(5000)).toEqual([]);
    expect([seat.joined, one.heard]).toEqual([true, ["joined 0"]]);
  });

  it("is asked for at once, though a while ago it was only asked where it is", () => {
    const stage = new Stage();
    const { seat } = stage.playing();
    seat.onRefused("match_not_found");
    expect(stage.pass(0)).toEqual([{ ...LOST, lost: false }]);
    stage.cut("a:1");
    expect(stage.pass(0)).toEqual([LOST]);
  });

  it("and is back at the same one, of which the matchmaker says that it is there, is joined there once", () => {
    const stage = new Stage();
    const { one } = stage.playing();
    stage.cut("a:1");
    stage.pass(0);
    stage.tell({ shardAddress: "a:1", epoch: 1 });
    stage.tell({ shardAddress: "a:1", epoch: 1 }); // the same answer, to a question that was asked again
    expect(stage.link("a:1").sent).toEqual([`hand over ${MATCH}: epoch 1, 2 ticks`, "join 1"]);
    stage.follow("a:1", { afterTicks: 2 });
    stage.join("a:1");
    stage.tell({ shardAddress: "a:1", epoch: 1 });
    expect(stage.link("a:1").sent.filter((message) => message.startsWith("join"))).toEqual(["join 1"]);
    expect(one.heard).toEqual(["joined 0", "joined 0"]);
  });
});

describe("a shard that is silent", () => {
  it("has its matches looked for; heard again in time, it keeps them and nobody has noticed", () => {
    const stage = new Stage();
    const { one } = stage.playing();
    const a = stage.link("a:1");
    a.silent = true;
    stage.seats.onSilent(a.it);
    expect(stage.pass(0)).toEqual([LOST]);
    a.silent = false;
    stage.seats.onHeardAgain(a.it);
    expect(stage.pass(20_000)).toEqual([]);
    expect(one.heard).toEqual(["joined 0"]);
    expect(stage.seats.followed).toBe(1);
  });

  it("and whose match has gone elsewhere is left by its players, and no frame of it is taken any more", () => {
    const stage = new Stage();
    stage.playing();
    const a = stage.link("a:1");
    a.silent = true;
    stage.seats.onSilent(a.it);
    stage.tell({ shardAddress: "b:1", epoch: 2 });
    expect(a.sent).toEqual(["join 1", `unbind ${MATCH}`, "leave 1"]);
    expect(stage.link("b:1").sent).toEqual([`hand over ${MATCH}: epoch 2, 2 ticks`, "join 1"]);
  });

  it("lets whoever came meanwhile join when it is heard again", () => {
    const stage = new Stage();
    stage.playing();
    const a = stage.link("a:1");
    a.silent = true;
    stage.seats.onSilent(a.it);
    const other = listener();
    stage.take(other);
    expect(a.sent).toEqual(["join 1"]);
    a.silent = false;
    stage.seats.onHeardAgain(a.it);
    expect(a.sent).toEqual(["join 1", "join 2"]);
  });

  it.each([
    [false, true],
    [true, false],
  ])(
    "is called lost for a seat that is asked for there, unless this gateway hears no shard (cut off: %s)",
    (cutOff, lost) => {
      const stage = new Stage();
      stage.cutOff = cutOff;
      stage.link("a:1").silent = true;
      stage.take(listener());
      expect(stage.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 0, lost }]);
    },
  );

  it("and is the one that a match goes to, is looked beyond by those who play, not by who holds the log alone", () => {
    for (const plays of [true, false]) {
      const stage = new Stage();
      const { match } = stage.playing();
      if (!plays) stage.end(match);
      stage.cut("a:1");
      stage.pass(0);
      stage.link("b:1").silent = true;
      stage.tell({ shardAddress: "b:1", epoch: 2 });
      const asked = stage.pass(300);
      expect(asked.map(({ epoch, lost }) => [epoch, lost])).toEqual(plays ? [[2, true]] : []);
    }
  });
});

describe("a match that is watched here", () => {
  const watching = (stage: Stage): string[] => {
    const told: string[] = [];
    const spectator = {
      outbound: listener().player.outbound,
      onWatching: () => void told.push("watching"),
      onWatchEnded: (_: string, reason: string) => void told.push(reason),
      onWatchRefused: (code: string) => void told.push(`refused: ${code}`),
    };
    stage.spectators.watch(spectator, MATCH);
    stage.seats.locate(MATCH);
    return told;
  };

  it("is asked for at its shard when it is followed already, else of the matchmaker, who is not told that it is lost", () => {
    const known = new Stage();
    known.playing();
    watching(known);
    expect(known.link("a:1").sent).toEqual(["join 1", `watch ${MATCH}`]);
    expect(known.pass(0)).toEqual([]);

    const unknown = new Stage();
    watching(unknown);
    expect(unknown.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 0, lost: false }]);
    unknown.tell({ shardAddress: "b:1", epoch: 3 });
    expect(unknown.link("b:1").sent).toEqual([`watch ${MATCH}`]);
  });

  it("stays when its players have gone, and goes with its last spectator", () => {
    const stage = new Stage();
    const { seat } = stage.playing();
    const told = watching(stage);
    stage.seats.onWatching(stage.link("a:1").it, { matchId: MATCH, options: {} } as never);
    stage.seats.leave(seat, false);
    expect(stage.seats.followed).toBe(1);
    expect(told).toEqual(["watching"]);
    stage.spectators.onNowhere(MATCH, "match_over");
    expect(stage.link("a:1").sent).toContain(`unwatch ${MATCH}`);
    expect(stage.seats.followed).toBe(0);
  });

  it("stays for its players when its last spectator has gone", () => {
    const stage = new Stage();
    stage.playing();
    watching(stage);
    stage.seats.onWatchRefused(stage.link("a:1").it, { matchId: MATCH, code: "watchers_full" } as never);
    expect(stage.seats.followed).toBe(1);
    expect(stage.link("a:1").sent).toContain(`unwatch ${MATCH}`);
  });

  it("is asked for at its shard when that is heard again, of which nobody had said yet where it is", () => {
    const stage = new Stage();
    const { seat } = stage.playing();
    const a = stage.link("a:1");
    a.silent = true;
    stage.seats.onSilent(a.it);
    const told = watching(stage);
    stage.seats.leave(seat, false);
    stage.pass(0);
    expect(a.sent).not.toContain(`watch ${MATCH}`);
    a.silent = false;
    stage.seats.onHeardAgain(a.it);
    expect(a.sent).toContain(`watch ${MATCH}`);
    expect([told, stage.pass(20_000)]).toEqual([[], []]);
  });

  it("and found nowhere is refused, and no more asked for", () => {
    const stage = new Stage();
    const told = watching(stage);
    stage.pass(0);
    stage.tell({ over: "match_not_found" });
    expect(told).toEqual(["refused: match_not_found"]);
    expect(stage.pass(20_000)).toEqual([]);
  });
});

describe("a gateway that stops", () => {
  it("asks for no match any more", () => {
    const stage = new Stage();
    stage.playing();
    stage.cut("a:1");
    stage.pass(0);
    stage.seats.stop();
    expect(stage.pass(20_000)).toEqual([]);
  });
});
