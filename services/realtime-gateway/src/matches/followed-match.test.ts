import { create } from "@bufbuild/protobuf";
import { type LinkFollow, LinkFollowSchema } from "@muster/contracts/realtime/link/v1";
import { duel } from "@muster/game-duel";
import { InputLog, Simulation, SnapshotDecoder, SnapshotEncoder } from "@muster/game-kit";
import { MATCH_LOG_BYTES_MAX, PUBLIC_VIEW } from "@muster/realtime";
import { describe, expect, it } from "vitest";
import { ReadingSocket } from "../../test/reading-socket.ts";
import { tickFrame } from "../../test/tick-frame.ts";
import { FollowedMatch, type LogReceiver } from "./followed-match.ts";
import { Outbound } from "../connection/outbound.ts";

const NOTHING = new Uint8Array(0);
const METRICS = { sent: () => undefined, skipped: () => undefined, caughtUp: () => undefined };

function receiving(): { outbound: Outbound; received: Uint8Array[] } {
  const received: Uint8Array[] = [];
  const socket = Object.assign(new ReadingSocket(), {
    send: (bytes: Uint8Array) => (received.push(bytes.slice()), "sent" as const),
  });
  return { outbound: new Outbound(socket), received };
}

/** Ticks whose states are not shown, each with a record that names it. */
function tick(match: FollowedMatch, ...ticks: number[]): void {
  for (const one of ticks) {
    const frame = tickFrame(one, NOTHING, { record: Uint8Array.of(one), check: 100 + one });
    match.onTick(frame, 0, frame.length);
  }
}

/** Its log so far. */
function transferred(match: FollowedMatch): Parameters<LogReceiver["transferLog"]>[0] {
  const transfers: Parameters<LogReceiver["transferLog"]>[0][] = [];
  match.transferLog({ transferLog: (one) => void transfers.push(one) }, 2);
  expect(transfers).toHaveLength(1);
  return transfers[0] as Parameters<LogReceiver["transferLog"]>[0];
}

function logOf(...records: number[]): Uint8Array<ArrayBuffer> {
  const log = new InputLog(1000);
  for (const record of records) log.append(Uint8Array.of(record));
  return log.bytes.slice();
}

function follow(afterTicks: number, log: Uint8Array<ArrayBuffer>, check = 0): LinkFollow {
  return create(LinkFollowSchema, { matchId: "m", epoch: 1, afterTicks, check, log, channel: 5 });
}

it("shows its players a keyframe behind ticks that were not shown, and the deltas that follow it", () => {
  const match = new FollowedMatch("m", METRICS);
  const { outbound, received } = receiving();
  match.fanout(PUBLIC_VIEW).add(outbound);
  const simulation = new Simulation(duel, { seed: 5, seats: 2, options: {} });
  const encoder = new SnapshotEncoder(simulation.layout, 2);
  const decoder = new SnapshotDecoder(duel);
  const acks = new Uint32Array(2);
  const shown: number[] = [];
  match.onKeyframe(PUBLIC_VIEW, encoder.keyframe(0, simulation.words, acks));
  for (let tick = 1; tick <= 8; tick++) {
    simulation.step();
    const delta = encoder.delta(tick, simulation.words, acks);
    const isShown = tick < 3 || tick > 6;
    const frame = tickFrame(tick, isShown ? delta : NOTHING);
    match.onTick(frame, 0, frame.length);
    if (tick === 6) match.onKeyframe(PUBLIC_VIEW, encoder.keyframe(tick, simulation.words, acks));
    for (const bytes of received.splice(0)) expect(decoder.apply(bytes)).toBeDefined();
    if (decoder.tick === tick) shown.push(tick);
  }
  expect(shown).toEqual([1, 2, 6, 7, 8]);
  expect(decoder.hash()).toBe(simulation.hash());
  expect(match.ticks).toBe(8);
});

describe("the log of a match", () => {
  it("is what the shard told when it was asked to be followed, and every tick since; transferred with the last check", () => {
    const match = new FollowedMatch("m", METRICS);
    match.onFollow(follow(0, logOf(1, 2), 102));
    tick(match, 3, 4);
    match.replicas = ["one", "other"];
    expect(transferred(match)).toMatchObject({
      matchId: "m",
      epoch: 2,
      ticks: 4,
      check: 104,
      log: logOf(1, 2, 3, 4),
      holders: ["one", "other"],
      keyframe: NOTHING,
    });
  });

  it("goes on where the shard goes on: what that one does not know is forgotten, what is here already is not sent", () => {
    for (const [afterTicks, told, whole] of [
      [3, logOf(4), logOf(1, 2, 3, 4)],
      [2, logOf(33), logOf(1, 2, 33)],
      [0, logOf(11), logOf(11)],
    ] as const) {
      const match = new FollowedMatch("m", METRICS);
      tick(match, 1, 2, 3);
      match.onFollow(follow(afterTicks, told));
      expect(transferred(match).log).toEqual(whole);
    }
  });

  it("takes no tick but the next one: a log with a gap leads to another match", () => {
    const match = new FollowedMatch("m", METRICS);
    tick(match, 1, 2);
    expect(() => tick(match, 4)).toThrow("tick 4 follows 2");
    expect(() => tick(match, 2)).toThrow("tick 2 follows 2");
    tick(match, 3);
    expect(match.ticks).toBe(3);
  });

  it("that outgrows its limit cannot be transferred, and says so; the match goes on", () => {
    const match = new FollowedMatch("m", METRICS);
    const record = new Uint8Array(60_000);
    let ticks = 0;
    while (match.movable && ticks < 100) {
      const frame = tickFrame(++ticks, NOTHING, { record });
      match.onTick(frame, 0, frame.length);
    }
    expect(match.movable).toBe(false);
    expect(ticks).toBe(Math.ceil(MATCH_LOG_BYTES_MAX / record.length));
    tick(match, ticks + 1);
    expect(match.ticks).toBe(ticks + 1);
  });

  it("is transferred with the last keyframe that players have seen, and takes no frame of the shard before from then on", () => {
    const match = new FollowedMatch("m", METRICS);
    match.onFollow(follow(0, logOf()));
    match.onKeyframe(PUBLIC_VIEW, Uint8Array.of(7, 7));
    match.onKeyframe(3, Uint8Array.of(8)); // a seat's own
    expect(transferred(match).keyframe).toEqual(Uint8Array.of(7, 7));
    expect(match.channel).toBe(0);
  });
});

describe("who sees a match", () => {
  const delta = Uint8Array.of(2, 1);

  it("sees the public view, or the own one of a seat, and nothing of the other", () => {
    const match = new FollowedMatch("m", METRICS);
    const [all, own] = [receiving(), receiving()];
    match.fanout(PUBLIC_VIEW).add(all.outbound);
    match.fanout(3).add(own.outbound);
    match.onKeyframe(PUBLIC_VIEW, Uint8Array.of(1));
    match.onKeyframe(3, Uint8Array.of(3));
    const frame = tickFrame(1, delta);
    match.onTick(frame, 0, frame.length);
    match.onViewDelta(3, Uint8Array.of(33));
    match.onViewDelta(4, Uint8Array.of(44)); // nobody has it here
    expect(all.received).toEqual([Uint8Array.of(1), delta]);
    expect(own.received).toEqual([Uint8Array.of(3), Uint8Array.of(33)]);
  });

  it("watches the public view alone, with every gap in it", () => {
    const match = new FollowedMatch("m", METRICS);
    const seen: string[] = [];
    match.feed = {
      onKeyframe: () => void seen.push("keyframe"),
      onDelta: () => void seen.push("delta"),
      restart: () => void seen.push("restart"),
    };
    match.onKeyframe(3, Uint8Array.of(3));
    match.onKeyframe(PUBLIC_VIEW, Uint8Array.of(1));
    const frame = tickFrame(1, delta);
    match.onTick(frame, 0, frame.length);
    match.onViewDelta(3, Uint8Array.of(33));
    tick(match, 2);
    expect(seen).toEqual(["keyframe", "delta", "restart"]);
  });
});
