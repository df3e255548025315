import { duel } from "@muster/game-duel";
import type { Game } from "@muster/game-kit";
import { createLogger } from "@muster/log";
import { createMetrics } from "@muster/runtime";
import { newTrace } from "@muster/tracing";
import { expect, it, vi } from "vitest";
import type { Link, ToGateway } from "../tick/subscribers.ts";
import { InputRings } from "../tick/input-rings.ts";
import type { MatchSpec } from "./match-spec.ts";
import { Matches, type MatchesOptions } from "./matches.ts";
import { createShardMetrics } from "../metrics.ts";
import { Results } from "./results.ts";
import { Scheduler } from "../tick/scheduler.ts";
import type { TickingMatch } from "../tick/ticking-match.ts";
import { SeatReports } from "./seat-reports.ts";

const DRAIN_MS = 5000;

function shard(): { matches: Matches; results: Results; stop(): void } {
  const log = createLogger("test", "silent");
  const registry = createMetrics("test");
  const metrics = createShardMetrics(
    registry,
    () => 0,
    () => 0,
    () => 1,
    () => false,
  );
  const results = new Results("s", {} as never, metrics, log);
  const scheduler = new Scheduler<TickingMatch>(
    { now: () => performance.now(), setTimer: setTimeout, clearTimer: clearTimeout } as never,
    { lateMs: () => undefined, skipped: () => undefined } as never,
    () => undefined,
  );
  const matches = new Matches({
    matchesMax: 10,
    times: { joinWithinMs: DRAIN_MS, graceMs: DRAIN_MS, keyframeEveryTicks: 10 },
    playedAfterMs: 0,
    takeover: { othersWithinMs: 10, logWithinMs: 10 },
    scheduler,
    results,
    watchdog: { register: () => 0, release: () => undefined } as unknown as MatchesOptions["watchdog"],
    inputs: new InputRings(),
    pace: { ticksPerSnapshot: 1 } as MatchesOptions["pace"],
    seatReports: new SeatReports(0),
    metrics,
    log,
  });
  return { matches, results, stop: () => scheduler.stop() };
}

const spec: MatchSpec = {
  matchId: "m",
  epoch: 2,
  mode: "duel",
  game: duel as unknown as Game,
  options: {},
  seed: 7,
  players: ["a", "b"].map((playerId) => ({ playerId, playerName: playerId })),
  trace: newTrace(),
};

/** A gateway whose player asks for a seat. */
function gateway(): { link: Link; told: (string | undefined)[] } {
  const told: (string | undefined)[] = [];
  const link = {
    gatewayId: "g",
    control: ({ message }: ToGateway) => void told.push(message?.case),
    keyframe: () => undefined,
    refuse: () => undefined,
    unseat: () => undefined,
  };
  return { link: link as unknown as Link, told };
}

it("a match that comes over from another shard while this one lets its own go moves on, and is not lost", async () => {
  const { matches, results, stop } = shard();
  const { link, told } = gateway();
  try {
    matches.allocate(spec, { gatewayIds: ["g"], afresh: true });
    let answer: unknown;
    matches.join(
      { matchId: "m", epoch: 2, seat: 0, playerId: "a" },
      { link, id: 1 } as never,
      0,
      (it) => (answer = it),
    );
    const drained = matches.drain(DRAIN_MS);
    await matches.evacuate();
    expect(answer).toBeUndefined(); // whether it can be taken over is not decided
    await drained;
    expect(answer).toMatchObject({ spec: { matchId: "m" } });
    expect(told.at(-1)).toBe("moving");
    expect(results.pending).toBe(0);
  } finally {
    stop();
  }
});

it("a match that is offered again while logs are waited for is waited for anew: no gateway knew yet", () => {
  vi.useFakeTimers();
  const { matches, results, stop } = shard();
  try {
    for (let i = 0; i < 5; i++) {
      expect(matches.allocate(spec, { gatewayIds: ["g"], afresh: false })).toBeUndefined();
      vi.advanceTimersByTime(8); // of 10
    }
    expect(results.pending).toBe(0);
    expect(matches.size).toBe(1);
  } finally {
    stop();
    matches.release(spec.matchId);
    vi.useRealTimers();
  }
});
