import { duel } from "@muster/game-duel";
import { type Game, SnapshotDecoder } from "@muster/game-kit";
import { newTrace } from "@muster/tracing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Link, LinkSession, ToGateway } from "../tick/subscribers.ts";
import { InputRings } from "../tick/input-rings.ts";
import { Match } from "./match.ts";
import type { MatchOutcome } from "./match-spec.ts";
import { noShowsOf } from "./attendance.ts";

const TIMES = { joinWithinMs: 1000, graceMs: 500, keyframeEveryTicks: 10 };

class RecordedLink implements Link {
  readonly gatewayId = "g";
  readonly controls: ToGateway["message"][] = [];
  readonly frames: { type: "keyframe" | "delta"; bytes: Uint8Array }[] = [];
  control({ message }: ToGateway): void {
    this.controls.push(message);
  }
  readonly unseated: number[] = [];
  unseat(session: number): void {
    this.unseated.push(session);
  }
  refuse(): void {}
  /** By view: of a game that redacts. */
  readonly views = new Map<number, Uint8Array[]>();
  keyframe(_channel: number, view: number, frame: Uint8Array): void {
    if (view === 0) this.frames.push({ type: "keyframe", bytes: frame.slice() });
    else this.#ofView(view).push(frame.slice());
  }
  viewDelta(_channel: number, view: number, delta: Uint8Array): void {
    this.#ofView(view).push(delta.slice());
  }
  #ofView(view: number): Uint8Array[] {
    const frames = this.views.get(view) ?? [];
    this.views.set(view, frames);
    return frames;
  }
  readonly records: Uint8Array[] = [];
  checksum = 0;
  tick(_channel: number, tick: number, checksum: number, record: Uint8Array, delta: Uint8Array): void {
    expect(tick).toBe(this.records.length + 1);
    this.records.push(record.slice());
    this.checksum = checksum;
    if (delta.length > 0) this.frames.push({ type: "delta", bytes: delta.slice() });
  }
  /** What concerns players; not what concerns the log. */
  cases(): (string | undefined)[] {
    return this.controls.map((control) => control?.case).filter((name) => name !== "follow" && name !== "holders");
  }
}

interface Setup {
  match: Match;
  links: [RecordedLink, RecordedLink];
  sessions: [LinkSession, LinkSession];
  outcomes: MatchOutcome[];
  faults: unknown[];
  pace: { ticksPerSnapshot: number };
}

function setup(game: Game = duel as unknown as Game, options: Record<string, number> = {}): Setup {
  const outcomes: MatchOutcome[] = [];
  const faults: unknown[] = [];
  const pace = { ticksPerSnapshot: 1 };
  const owner = {
    inputs: new InputRings(),
    pace,
    onStart: () => undefined,
    onInput: (match: Match) => match.stepPending(),
    onOver: (_: Match, outcome: MatchOutcome) => void outcomes.push(outcome),
    replicaFor: () => undefined,
    guard: { enter: () => undefined, leave: () => undefined },
    onLeft: () => undefined,
    onFault: (_: Match, err: unknown) => void faults.push(err),
  };
  const players = ["a", "b"].map((playerId) => ({ playerId, playerName: playerId }));
  const match = new Match(
    { matchId: "m", epoch: 1, mode: "duel", game, options, seed: 7, players, trace: newTrace() },
    { channel: 9, watchdogSlot: 0 },
    TIMES,
    owner,
  );
  const links: [RecordedLink, RecordedLink] = [new RecordedLink(), new RecordedLink()];
  return {
    match,
    links,
    sessions: [
      { link: links[0], id: 1 },
      { link: links[1], id: 2 },
    ],
    outcomes,
    faults,
    pace,
  };
}

function started(game?: Game, options?: Record<string, number>): Setup {
  const all = setup(game, options);
  all.match.join(0, "a", all.sessions[0]);
  all.match.join(1, "b", all.sessions[1]);
  return all;
}

describe("a match on a shard", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("starts when all are here, and sends each link one frame a tick that leads to the shard's own state", () => {
    const { match, links } = started();
    const decoder = new SnapshotDecoder(duel);
    for (let i = 0; i < 25; i++) match.tick();
    for (const { bytes } of links[0].frames) decoder.apply(bytes);
    expect(decoder.tick).toBe(25);
    expect(decoder.hash()).toBe(match.stateHash);
    expect(links[0].frames.filter((frame) => frame.type === "delta")).toHaveLength(25);
    expect(links[0].frames.filter((frame) => frame.type === "keyframe")).toHaveLength(3); // at joining, at 10, at 20
  });

  it("shows what it came to before it says that it is over, also where the last tick was not shown", () => {
    for (const ticksPerSnapshot of [1, 3]) {
      const { match, links, pace } = started(undefined, { rounds: 1, roundTicks: 30 });
      pace.ticksPerSnapshot = ticksPerSnapshot;
      const decoder = new SnapshotDecoder(duel);
      while (links[0].cases().at(-1) !== "ended") match.tick();
      for (const { bytes } of links[0].frames) decoder.apply(bytes);
      expect([decoder.tick, decoder.hash()]).toEqual([match.ticks, match.stateHash]);
      expect(links[0].frames.at(-1)?.type).toBe("keyframe");
    }
  });

  it("tells who comes back after its end what it came to, then the end; nobody else, and not who gave up", () => {
    const { match, links, sessions } = started(undefined, { rounds: 1, roundTicks: 30 });
    match.leave(1, sessions[1], false);
    while (links[0].cases().at(-1) !== "ended") match.tick();
    expect(match.missed).toBe(true);
    const late = new RecordedLink();
    expect(match.tellEnd(1, "somebody else", { link: late, id: 3 })).toBe("seat_ticket_foreign");
    expect(match.tellEnd(1, "b", { link: late, id: 3 })).toBeUndefined();
    expect(late.controls.map((control) => control?.case)).toEqual(["follow", "joined", "ended"]);
    const decoder = new SnapshotDecoder(duel);
    for (const { bytes } of late.frames) decoder.apply(bytes);
    expect(decoder.hash()).toBe(match.stateHash);
    match.stored();
    expect(late.cases().at(-1)).toBe("stored");
    const later = new RecordedLink();
    match.tellEnd(1, "b", { link: later, id: 4 });
    expect(later.cases()).toEqual(["joined", "ended", "stored"]);

    const other = started(undefined, { rounds: 1, roundTicks: 30 });
    other.match.leave(1, other.sessions[1], true);
    expect(other.match.missed).toBe(false);
    expect(other.match.tellEnd(1, "b", { link: later, id: 5 })).toBe("match_over");
  });

  it("shows every third tick by a keyframe while ticks are late, keeps every record, and goes back to deltas", () => {
    const { match, links, pace } = started();
    const decoder = new SnapshotDecoder(duel);
    const shown: number[] = [];
    let read = 0;
    const tick = (): void => {
      match.tick();
      for (; read < links[0].frames.length; read++) {
        expect(decoder.apply((links[0].frames[read] as { bytes: Uint8Array }).bytes)).toBeDefined(); // each fits the one before
        shown.push(decoder.tick);
      }
      if (decoder.tick === match.ticks) expect(decoder.hash()).toBe(match.stateHash);
    };
    for (let i = 0; i < 5; i++) tick();
    pace.ticksPerSnapshot = 3;
    for (let i = 0; i < 12; i++) tick();
    pace.ticksPerSnapshot = 1;
    for (let i = 0; i < 3; i++) tick();
    expect(shown).toEqual([0, 1, 2, 3, 4, 5, 6, 9, 12, 15, 18, 19, 20, 20]);
    expect(links[0].records).toHaveLength(20);
    expect(links[0].frames.slice(-3).map(({ type }) => type)).toEqual(["delta", "delta", "keyframe"]);
  });

  it("does not tick before all are here, and is cancelled when they do not come", () => {
    const { match, sessions, outcomes, links } = setup();
    match.join(0, "a", sessions[0]);
    match.tick();
    expect(match.ticks).toBe(0);
    vi.advanceTimersByTime(1000);
    expect(outcomes).toEqual([{ kind: "cancelled", reason: "no_show" }]);
    expect(links[0].cases()).toEqual(["joined", "cancelled"]);
    expect(match.join(1, "b", sessions[1])).toBe("match_over");
  });

  it("seats nobody but its players", () => {
    const { match, sessions } = setup();
    expect(match.join(0, "b", sessions[0])).toBe("seat_ticket_foreign");
    expect(match.join(5, "a", sessions[0])).toBe("seat_ticket_foreign");
  });

  it("keeps a lost player's seat for the grace period, then forfeits it", () => {
    const { match, sessions, links, outcomes } = started();
    match.tick();
    match.leave(0, sessions[0], false);
    vi.advanceTimersByTime(400);
    expect(match.join(0, "a", sessions[0])).toBeUndefined();
    vi.advanceTimersByTime(1000);
    expect(outcomes).toEqual([]);
    match.leave(0, sessions[0], false);
    vi.advanceTimersByTime(500);
    expect(outcomes).toMatchObject([
      { kind: "ended", reason: "forfeit", result: { seats: [{ rank: 2 }, { rank: 1 }] } },
    ]);
    expect(links[1].cases()).toEqual(["joined", "seatStatus", "seatStatus", "seatStatus", "ended"]);
  });

  it("tells the old socket when another one of the same player takes its seat, and ignores what the old one does then", () => {
    const { match, sessions, links, outcomes } = started();
    const newer = { link: new RecordedLink(), id: 3 };
    expect(match.join(0, "a", newer)).toBeUndefined();
    expect(links[0].unseated).toEqual([sessions[0].id]);
    match.leave(0, sessions[0], true);
    expect(outcomes).toEqual([]);
    match.tick();
    expect(newer.link.frames.map((frame) => frame.type)).toEqual(["keyframe", "delta"]);
  });

  it("is abandoned, not won, when nobody is left to win", () => {
    const { match, sessions, outcomes } = started();
    match.leave(0, sessions[0], false);
    match.leave(1, sessions[1], false);
    vi.advanceTimersByTime(600);
    expect(outcomes).toEqual([{ kind: "cancelled", reason: "abandoned" }]);
  });

  it("ends once, by the game's rules, and takes no inputs afterwards", () => {
    const { match, outcomes, links } = started(undefined, { rounds: 1, roundTicks: 30 });
    for (let i = 0; i < 40; i++) match.tick();
    expect(match.ticks).toBe(30);
    expect(outcomes).toMatchObject([{ kind: "ended", reason: "played" }]);
    expect(links[0].controls.at(-1)).toMatchObject({ case: "ended", value: { ticks: 30, stateHash: match.stateHash } });
    expect(match.input(0, 1, 0, Uint8Array.of(1), 0, 1)).toBe("not_in_match");
  });

  it("ends alone when its game throws", () => {
    let steps = 0;
    const broken = { ...(duel as unknown as Game), step: () => void (++steps === 3 && thrown()) };
    const thrown = (): never => {
      throw new Error("a bug in the game");
    };
    const { match, outcomes, faults } = started(broken);
    for (let i = 0; i < 5; i++) match.tick();
    expect(outcomes).toEqual([{ kind: "cancelled", reason: "fault" }]);
    expect(faults).toHaveLength(1);
  });

  it("steps a game without a clock when an input comes, once per input", () => {
    const turns: Game = { ...(duel as unknown as Game), tickRate: 0, inputMode: "event" };
    const { match } = started(turns);
    match.input(0, 1, 0, Uint8Array.of(1), 0, 1);
    match.input(1, 1, 0, Uint8Array.of(1), 0, 1);
    expect(match.ticks).toBe(2);
  });

  it("gives a gateway that comes back the whole log, although it had transferred a part: it may have let go of it", () => {
    const first = started();
    for (let i = 0; i < 20; i++) first.match.tick();
    const link = new RecordedLink();
    const checksum = Number.parseInt(first.match.stateHash, 16) & 0xffff;
    const resumePoint = {
      log: (first.match.log as Uint8Array).slice(),
      checksum,
      recordsByGateway: new Map([["g", 12]]),
    };
    const owner = {
      inputs: new InputRings(),
      pace: { ticksPerSnapshot: 1 },
      onStart: () => undefined,
      onInput: () => undefined,
      onOver: () => undefined,
      replicaFor: () => undefined,
      onFault: () => undefined,
      guard: { enter: () => undefined, leave: () => undefined },
      onLeft: () => undefined,
    };
    const match = new Match(
      { ...first.match.spec, epoch: 2 },
      { channel: 3, watchdogSlot: 1 },
      TIMES,
      owner,
      resumePoint,
    );
    match.resume();
    for (let round = 0; round < 2; round++) {
      match.join(0, "a", { link, id: round + 1 });
      match.leave(0, { link, id: round + 1 }, false);
      match.watch(link);
      match.unwatch(link);
    }
    const follows = link.controls.flatMap((control) => (control?.case === "follow" ? [control.value.afterTicks] : []));
    expect(follows[0]).toBe(12);
    expect(new Set(follows.slice(1))).toEqual(new Set([0]));
    first.match.drop();
    match.drop();
  });

  it("ends when its only player has been away beside bots for a few seconds, and says who did not come to one that never began", () => {
    const outcomes: MatchOutcome[] = [];
    const owner = {
      inputs: new InputRings(),
      pace: { ticksPerSnapshot: 1 },
      onStart: () => undefined,
      onInput: () => undefined,
      onLeft: () => undefined,
      onOver: (_: Match, outcome: MatchOutcome) => void outcomes.push(outcome),
      replicaFor: () => undefined,
      onFault: () => undefined,
      guard: { enter: () => undefined, leave: () => undefined },
    };
    const { spec } = setup().match;
    const bot = { playerId: "b", playerName: "b", bot: "ace" };
    const players = [{ playerId: "a", playerName: "a" }, bot];
    const times = { ...TIMES, joinWithinMs: 60_000, graceMs: 60_000 };
    const session = { link: new RecordedLink(), id: 1 };
    const alone = new Match({ ...spec, players }, { channel: 1, watchdogSlot: 0 }, times, owner);
    alone.join(0, "a", session);
    alone.tick();
    alone.leave(0, session, false);
    vi.advanceTimersByTime(7999);
    expect(outcomes).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(outcomes).toEqual([{ kind: "cancelled", reason: "abandoned" }]);

    const missed = new Match(spec, { channel: 2, watchdogSlot: 1 }, times, owner);
    expect(noShowsOf(missed.seats, 0)).toEqual([0, 1]);
    missed.join(0, "a", session);
    expect(noShowsOf(missed.seats, 3000)).toEqual([1]);
    missed.leave(0, session, true);
    expect([noShowsOf(missed.seats, 2999), noShowsOf(missed.seats, 3000)]).toEqual([[0], [1]]);
    expect(outcomes[1]).toEqual({ kind: "cancelled", reason: "no_show" });
  });
});
