// A match moves from one shard to another: design/realtime/survival.md. joins.test.ts tests the answers that players get.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { listener, MATCH, RegistryHarness } from "../../test/registry-harness.ts";
import { tickFrame } from "../../test/tick-frame.ts";
import type { Spectator } from "../spectators/match-spectators.ts";

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setImmediate", "performance"] }));
afterEach(() => void vi.useRealTimers());

const LOST = { matchId: MATCH, epoch: 1, ticks: 2, lost: true };

describe("a match whose shard is lost", () => {
  it("goes on at another one with the log from here; its players have their seats again without a word of theirs", () => {
    const harness = new RegistryHarness();
    const { one, seat } = harness.playing();
    harness.cut("a:1");
    expect(seat.joined).toBe(false);
    expect(harness.pass(0)).toEqual([LOST]);
    vi.advanceTimersByTime(299);
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    const b = harness.link("b:1");
    expect(b.sent).toEqual([`transfer ${MATCH}: epoch 2, 2 ticks`, "join 1"]);
    const match = harness.follow("b:1", { epoch: 2, channel: 9, afterTicks: 2 });
    harness.join("b:1");
    expect(seat.joined).toBe(true);
    expect(harness.movedMs.map(Math.round)).toEqual([300]);
    const frame = tickFrame(3, Uint8Array.of(0, 3));
    match?.onTick(frame, 0, frame.length);
    expect(match?.ticks).toBe(3);
    expect(one.heard).toEqual(["joined 0", "joined 0"]);
    expect(harness.pass(5000)).toEqual([]);
  });

  it("takes nothing from the shard before any more, and no older word of the matchmaker", () => {
    const harness = new RegistryHarness();
    const { match } = harness.playing();
    const before = harness.link("a:1");
    harness.matches.onMoving(match);
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    expect(before.sent).toContain(`unbind ${MATCH}`);
    expect(harness.follow("a:1", { epoch: 1 })).toBeUndefined();
    harness.tell({ shardAddress: "c:1", epoch: 1 });
    expect(harness.links.has("c:1")).toBe(false);
  });

  it("is transferred again when the next shard is lost before it took the match", () => {
    const harness = new RegistryHarness();
    harness.playing();
    harness.cut("a:1");
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    harness.pass(100);
    harness.cut("b:1");
    expect(harness.pass(1000)[0]).toEqual({ ...LOST, epoch: 2 });
    harness.tell({ shardAddress: "c:1", epoch: 3 });
    expect(harness.link("c:1").sent).toEqual([`transfer ${MATCH}: epoch 3, 2 ticks`, "join 1"]);
    harness.follow("c:1", { epoch: 3, afterTicks: 2 });
    harness.join("c:1");
    expect(harness.movedMs).toHaveLength(1);
  });

  it("and whose log has outgrown its limit cannot go on: it is over, as lost", () => {
    const harness = new RegistryHarness();
    const { one, match } = harness.playing();
    const record = new Uint8Array(60_000);
    for (let tick = 3; match.movable; tick++) {
      const frame = tickFrame(tick, Uint8Array.of(0, 9), { record });
      match.onTick(frame, 0, frame.length);
    }
    harness.cut("a:1");
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    expect(one.heard).toEqual(["joined 0", "cancelled: shard_lost"]);
    expect(harness.link("b:1").sent).toEqual([]);
    expect([harness.lost, harness.matches.followed]).toEqual([1, 0]);
  });

  it("is no matter of matches at other shards", () => {
    const harness = new RegistryHarness();
    const { one, seat } = harness.playing();
    harness.link("b:1");
    harness.cut("b:1");
    expect(harness.pass(5000)).toEqual([]);
    expect([seat.joined, one.heard]).toEqual([true, ["joined 0"]]);
  });

  it("is asked for at once, though a while ago it was only asked where it is", () => {
    const harness = new RegistryHarness();
    const { seat } = harness.playing();
    seat.onRefused("match_not_found");
    expect(harness.pass(0)).toEqual([{ ...LOST, lost: false }]);
    harness.cut("a:1");
    expect(harness.pass(0)).toEqual([LOST]);
  });

  it("and is back at the same one, of which the matchmaker says that it is there, is joined there once", () => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    harness.cut("a:1");
    harness.pass(0);
    harness.tell({ shardAddress: "a:1", epoch: 1 });
    harness.tell({ shardAddress: "a:1", epoch: 1 }); // the same answer, to a question that was asked again
    expect(harness.link("a:1").sent).toEqual([`transfer ${MATCH}: epoch 1, 2 ticks`, "join 1"]);
    harness.follow("a:1", { afterTicks: 2 });
    harness.join("a:1");
    harness.tell({ shardAddress: "a:1", epoch: 1 });
    expect(harness.link("a:1").sent.filter((message) => message.startsWith("join"))).toEqual(["join 1"]);
    expect(one.heard).toEqual(["joined 0", "joined 0"]);
  });
});

describe("a shard that is suspected", () => {
  it("has its matches looked for; heard again in time, it keeps them and nobody has noticed", () => {
    const harness = new RegistryHarness();
    const { one } = harness.playing();
    const a = harness.link("a:1");
    a.suspected = true;
    harness.matches.onSuspected(a.it);
    expect(harness.pass(0)).toEqual([LOST]);
    a.suspected = false;
    harness.matches.onHeardAgain(a.it);
    expect(harness.pass(20_000)).toEqual([]);
    expect(one.heard).toEqual(["joined 0"]);
    expect(harness.matches.followed).toBe(1);
  });

  it("and whose match has gone elsewhere is left by its players, and no frame of it is taken any more", () => {
    const harness = new RegistryHarness();
    harness.playing();
    const a = harness.link("a:1");
    a.suspected = true;
    harness.matches.onSuspected(a.it);
    harness.tell({ shardAddress: "b:1", epoch: 2 });
    expect(a.sent).toEqual(["join 1", `unbind ${MATCH}`, "leave 1"]);
    expect(harness.link("b:1").sent).toEqual([`transfer ${MATCH}: epoch 2, 2 ticks`, "join 1"]);
  });

  it("lets whoever came meanwhile join when it is heard again", () => {
    const harness = new RegistryHarness();
    harness.playing();
    const a = harness.link("a:1");
    a.suspected = true;
    harness.matches.onSuspected(a.it);
    const other = listener();
    harness.take(other);
    expect(a.sent).toEqual(["join 1"]);
    a.suspected = false;
    harness.matches.onHeardAgain(a.it);
    expect(a.sent).toEqual(["join 1", "join 2"]);
  });

  it.each([
    [false, true],
    [true, false],
  ])(
    "is called lost for a seat that is asked for there, unless this gateway hears no shard (cut off: %s)",
    (cutOff, lost) => {
      const harness = new RegistryHarness();
      harness.cutOff = cutOff;
      harness.link("a:1").suspected = true;
      harness.take(listener());
      expect(harness.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 0, lost }]);
    },
  );

  it("and is the one that a match goes to, is looked beyond by those who play, not by who holds the log alone", () => {
    for (const plays of [true, false]) {
      const harness = new RegistryHarness();
      const { match } = harness.playing();
      if (!plays) harness.end(match);
      harness.cut("a:1");
      harness.pass(0);
      harness.link("b:1").suspected = true;
      harness.tell({ shardAddress: "b:1", epoch: 2 });
      const asked = harness.pass(300);
      expect(asked.map(({ epoch, lost }) => [epoch, lost])).toEqual(plays ? [[2, true]] : []);
    }
  });
});

describe("a match that is watched here", () => {
  const watching = async (harness: RegistryHarness): Promise<{ told: string[]; spectator: Spectator }> => {
    const told: string[] = [];
    const spectator: Spectator = {
      outbound: listener().player.outbound,
      onWatching: () => void told.push("watching"),
      onWatchEnded: (_: string, reason: string) => void told.push(reason),
      onWatchRefused: (code: string) => void told.push(`refused: ${code}`),
    };
    harness.matches.watch(spectator, MATCH);
    await Promise.resolve(); // it is looked for after this turn
    return { told, spectator };
  };

  it("is asked for at its shard when it is followed already, else of the matchmaker, who is not told that it is lost", async () => {
    const known = new RegistryHarness();
    known.playing();
    await watching(known);
    expect(known.link("a:1").sent).toEqual(["join 1", `watch ${MATCH}`]);
    expect(known.pass(0)).toEqual([]);

    const unknown = new RegistryHarness();
    await watching(unknown);
    expect(unknown.pass(0)).toEqual([{ matchId: MATCH, epoch: 1, ticks: 0, lost: false }]);
    unknown.tell({ shardAddress: "b:1", epoch: 3 });
    expect(unknown.link("b:1").sent).toEqual([`watch ${MATCH}`]);
  });

  it("stays when its players have gone, and goes with its last spectator", async () => {
    const harness = new RegistryHarness();
    const { seat } = harness.playing();
    const { told, spectator } = await watching(harness);
    harness.matches.onWatching(harness.link("a:1").it, { matchId: MATCH, options: {} } as never);
    seat.leave(false);
    expect(harness.matches.followed).toBe(1);
    expect(told).toEqual(["watching"]);
    harness.matches.stopWatching(spectator, MATCH);
    expect(harness.link("a:1").sent).toContain(`unwatch ${MATCH}`);
    expect(harness.matches.followed).toBe(0);
  });

  it("stays for its players when its last spectator has gone", async () => {
    const harness = new RegistryHarness();
    harness.playing();
    await watching(harness);
    harness.matches.onWatchRefused(harness.link("a:1").it, { matchId: MATCH, code: "watchers_full" } as never);
    expect(harness.matches.followed).toBe(1);
    expect(harness.link("a:1").sent).toContain(`unwatch ${MATCH}`);
  });

  it("is not wanted any more of the shard that was asked, also before that has answered, or when the match is nowhere", async () => {
    const early = new RegistryHarness();
    const { spectator } = await watching(early);
    early.pass(0);
    early.tell({ shardAddress: "b:1" });
    early.matches.stopWatching(spectator, MATCH);
    expect(early.link("b:1").sent).toEqual([`watch ${MATCH}`, `unwatch ${MATCH}`]);

    const nowhere = new RegistryHarness();
    nowhere.playing();
    const { told } = await watching(nowhere);
    nowhere.tell({ over: "shard_lost" });
    expect(told).toEqual(["refused: shard_lost"]);
    expect(nowhere.link("a:1").sent.filter((message) => message.startsWith("unwatch"))).toEqual([`unwatch ${MATCH}`]);
  });

  it("is asked for at its shard when that is heard again, of which nobody had said yet where it is", async () => {
    const harness = new RegistryHarness();
    const { seat } = harness.playing();
    const a = harness.link("a:1");
    a.suspected = true;
    harness.matches.onSuspected(a.it);
    const { told } = await watching(harness);
    seat.leave(false);
    harness.pass(0);
    expect(a.sent).not.toContain(`watch ${MATCH}`);
    a.suspected = false;
    harness.matches.onHeardAgain(a.it);
    expect(a.sent).toContain(`watch ${MATCH}`);
    expect([told, harness.pass(20_000)]).toEqual([[], []]);
  });

  it("and found nowhere is refused, and no more asked for", async () => {
    const harness = new RegistryHarness();
    const { told } = await watching(harness);
    harness.pass(0);
    harness.tell({ over: "match_not_found" });
    expect(told).toEqual(["refused: match_not_found"]);
    expect(harness.pass(20_000)).toEqual([]);
  });
});

describe("a gateway that stops", () => {
  it("asks for no match any more", () => {
    const harness = new RegistryHarness();
    harness.playing();
    harness.cut("a:1");
    harness.pass(0);
    harness.matches.stop();
    expect(harness.pass(20_000)).toEqual([]);
  });
});
