// Games without a clock, bots, and what a client is told after a disconnection.
import { four } from "@muster/game-four";
import { duel } from "@muster/game-duel";
import { type Game, LogPlayer, recordsOf, Simulation } from "@muster/game-kit";
import { newTrace } from "@muster/tracing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Link, ToGateway } from "../tick/subscribers.ts";
import { InputRings } from "../tick/input-rings.ts";
import { Match } from "./match.ts";
import type { MatchOwner } from "./match-owner.ts";
import type { MatchOutcome } from "./match-spec.ts";
import { SeatStatuses } from "./seat-statuses.ts";

class Controls implements Link {
  readonly gatewayId = "g";
  readonly messages: ToGateway["message"][] = [];
  control({ message }: ToGateway): void {
    this.messages.push(message);
  }
  unseat(): void {}
  readonly refused: [number, string][] = [];
  refuse(session: number, code: string): void {
    this.refused.push([session, code]);
  }
  keyframe(): void {}
  tick(): void {}
  viewDelta(): void {}
  statuses(): unknown[] {
    return this.messages.flatMap((message) =>
      message?.case === "seatStatus" ? [[message.value.session, message.value.seat, message.value.connected]] : [],
    );
  }
}

function setup(game: Game, bots: readonly (string | undefined)[] = []) {
  const outcomes: MatchOutcome[] = [];
  const faults: unknown[] = [];
  const owner: MatchOwner<Match> = {
    inputs: new InputRings(),
    pace: { ticksPerSnapshot: 1 },
    onStart: () => undefined,
    onInput: (one) => void setTimeout(() => one.stepPending(), 0),
    onOver: (_, outcome) => void outcomes.push(outcome),
    replicaFor: () => undefined,
    onFault: (_, err) => void faults.push(err),
    guard: { enter: () => undefined, leave: () => undefined },
    onLeft: () => undefined,
  };
  const players = ["a", "b"].map((playerId, seat) => ({ playerId, playerName: playerId, bot: bots[seat] }));
  const spec = { matchId: "m", epoch: 1, mode: "x", game, options: {}, seed: 3, players, trace: newTrace() };
  const times = { joinWithinMs: 1000, graceMs: 2000, keyframeEveryTicks: 60 };
  const link = new Controls();
  const match = new Match(spec, { channel: 1, watchdogSlot: 0 }, times, owner);
  for (const [seat, { playerId, bot }] of players.entries())
    if (bot === undefined) match.join(seat, playerId, { link, id: seat + 1 });
  return { match, link, outcomes, faults, spec };
}

const turns = four as unknown as Game;
const column = (n: number): Uint8Array => Uint8Array.of(n);

describe("a match without a clock", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("takes every move that came in one event-loop turn, in order", () => {
    const { match } = setup(turns);
    match.input(0, 1, 0, column(0), 0, 1);
    match.input(0, 2, 0, column(1), 0, 1);
    match.input(0, 3, 0, column(2), 0, 1);
    vi.advanceTimersByTime(1);
    expect(match.ticks).toBe(3);
    match.drop();
  });

  it("is lost by the one who does not move in time, however much is sent in vain", () => {
    const { match, outcomes } = setup(turns);
    match.input(0, 1, 0, column(3), 0, 1);
    vi.advanceTimersByTime(10);
    for (let i = 2; i < 40; i++) {
      match.input(0, i, 0, column(3), 0, 1); // not their turn
      vi.advanceTimersByTime(1000);
    }
    expect(outcomes).toMatchObject([{ kind: "ended", result: { seats: [{ rank: 1 }, { rank: 2 }] } }]);
  });

  it("tells a player of every move that the rules do not take, and nobody else", () => {
    const { match, link } = setup(turns);
    for (let i = 1; i <= 6; i++) {
      match.input((i - 1) % 2, Math.ceil(i / 2), 0, column(0), 0, 1);
      vi.advanceTimersByTime(1);
    }
    expect(link.refused).toEqual([]);
    match.input(0, 4, 0, column(0), 0, 1); // the column is full
    match.input(1, 4, 0, column(1), 0, 1); // not their turn
    match.input(0, 5, 0, column(7), 0, 1); // there is no such column
    vi.advanceTimersByTime(1);
    expect(link.refused).toEqual(
      expect.arrayContaining([
        [1, "illegal_move"],
        [2, "illegal_move"],
        [1, "illegal_move"],
      ]),
    );
    expect(link.refused).toHaveLength(3);
    match.drop();
  });

  it("gives a whole turn's time after every move", () => {
    const { match, outcomes } = setup(turns);
    for (let i = 1; i <= 6; i++) {
      vi.advanceTimersByTime(29_000);
      match.input((i - 1) % 2, i, 0, column(i % 2), 0, 1);
      vi.advanceTimersByTime(1);
    }
    expect(outcomes).toEqual([]);
    match.drop();
  });

  it("is played by its bots to the end, and their moves are in the log like any player's", () => {
    const { match, outcomes, spec } = setup(turns, [undefined, "steady"]);
    for (let i = 1; outcomes.length === 0 && i < 60; i++) {
      match.input(0, i, 0, column(i % 7), 0, 1);
      vi.advanceTimersByTime(5);
    }
    expect(outcomes).toHaveLength(1);
    const again = new LogPlayer(new Simulation(turns, { seed: spec.seed, seats: 2, options: {} }));
    for (const record of recordsOf(match.log as Uint8Array)) again.play(record);
    expect(again.simulation.hash()).toBe(match.stateHash);
    expect(again.result).toEqual(outcomes[0]?.kind === "ended" && outcomes[0].result);
  });
});

describe("bots", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("take the seats that they are for: nobody else gets one, and nobody waits for them", () => {
    const { match, link } = setup(duel as unknown as Game, [undefined, "ace"]);
    expect(match.join(1, "b", { link, id: 9 })).toBe("seat_ticket_foreign");
    for (let i = 0; i < 200; i++) match.tick();
    expect(match.ticks).toBe(200);
    const player = new LogPlayer(new Simulation(duel as unknown as Game, { seed: 3, seats: 2, options: {} }));
    let inputs = 0;
    for (const record of recordsOf(match.log as Uint8Array)) {
      const before = player.seqs[1] as number;
      player.play(record);
      inputs += (player.seqs[1] as number) - before;
    }
    expect(inputs).toBeGreaterThan(5);
    expect(inputs).toBeLessThan(200); // a held input that stays is not sent again
    expect(player.simulation.hash()).toBe(match.stateHash);
    match.drop();
  });

  it("are no company: a match whose last player is gone for good is abandoned", () => {
    const { match, link, outcomes } = setup(duel as unknown as Game, [undefined, "ace"]);
    match.tick();
    match.leave(0, { link, id: 1 }, false);
    expect(outcomes).toEqual([]);
    vi.advanceTimersByTime(2100);
    match.drop();
  });

  it("that a game does not have are refused before anything begins", () => {
    expect(() => setup(duel as unknown as Game, [undefined, "nobody"])).toThrow("duel has no bot nobody");
  });
});

describe("a client that was away", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("is told what it missed, the newest word on each seat, and nothing that it has had", () => {
    const { match, link } = setup(duel as unknown as Game);
    const other = new Controls();
    const mine = { link, id: 1 };
    match.leave(0, mine, false);
    // Meanwhile the other seat goes and comes back.
    match.leave(1, { link, id: 2 }, false);
    match.join(1, "b", { link: other, id: 5 });
    const back = new Controls();
    match.join(0, "a", { link: back, id: 7 }, 0);
    expect(back.statuses()).toContainEqual([7, 1, true]);
    const seqs = back.messages.flatMap((message) =>
      message?.case === "seatStatus" ? [message.value.matchSeq ?? 0] : [],
    );
    const again = new Controls();
    match.join(0, "a", { link: again, id: 8 }, Math.max(...seqs));
    expect(again.statuses().filter((status) => (status as number[])[0] === 8)).toEqual([]);
    match.drop();
  });

  it("gets higher numbers from a later shard, whatever it had from the one before", () => {
    const [first, second] = [new SeatStatuses(1), new SeatStatuses(2)];
    let last = 0;
    for (let i = 0; i < 1000; i++) last = first.next();
    expect(second.next()).toBeGreaterThan(last);
  });
});
