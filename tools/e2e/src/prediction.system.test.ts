// The prediction through a real proxy: 60 ms each way, and every hundredth chunk held up as TCP does after a loss. What is
// drawn of the own ship is compared frame by frame with its flight. The same in virtual time, for many more minutes:
// packages/client/src/prediction.test.ts.
import { Prediction, Realtime, Smoothing } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { openBadLink } from "./bad-link.ts";
import { connected, guest, pilot } from "./players.ts";
import { startSystem } from "./system.ts";

const QUALITY = { latencyMs: 60, loss: 0.5, stallMs: 240 };
const LOST_EVERY = 100;
const FRAME_MS = 16;
const TICKS = 360;
const TURN_EVERY_TICKS = 21;
/** Wide in sub-units; a ship is about 1,400 long. */
const ARENA = 65_536;
const SHIP = 1400;
/** A ship that was destroyed comes back elsewhere: no drift, and no error. */
const TELEPORT = 6000;

type Position = readonly [number, number];

describeWithServers("a prediction on a bad link", () => {
  it("runs ahead of the server, its inputs are taken, and it is corrected without a visible jump", async () => {
    await using system = await startSystem({ nginx: false });
    let chunks = 0;
    const link = await openBadLink(system.gatewayUrls[0] as string, QUALITY, () =>
      ++chunks % LOST_EVERY === 0 ? 0 : 1,
    );
    const { client } = await guest(system.url);
    const realtime = new Realtime(link.url, () => client.accessToken(), {});
    const other = await connected(system, { gateway: 0 });
    const found = await Promise.all([realtime.queue("duel"), other.realtime.queue("duel")]);
    const [mine, theirs] = await Promise.all([realtime.join(found[0], duel), other.realtime.join(found[1], duel)]);
    pilot(theirs);
    const prediction = new Prediction(mine, {
      game: duel,
      sample(_, tick) {
        const left = Math.floor(tick / TURN_EVERY_TICKS) % 2 === 0;
        return { left, right: !left, thrust: true, fire: false };
      },
    });
    const smoothing = new Smoothing({ wrap: ARENA, halfLifeMs: 90, snapAbove: TELEPORT });
    const positionOf = (state: typeof prediction.state): Position => {
      const ship = state.ships[mine.seat] as { x: number; y: number };
      return [ship.x, ship.y];
    };
    const errors: number[] = [];
    prediction.onCorrection(({ before }) => {
      const error = apart(positionOf(before), positionOf(prediction.state));
      if (error < TELEPORT) errors.push(error);
      smoothing.corrected(positionOf(before), positionOf(prediction.state), performance.now());
    });
    prediction.onRoundTrip(await realtime.ping());
    const aheadBy: number[] = [];
    /** What the drawn ship moved beside its flight, frame by frame. */
    const jumps: number[] = [];
    let shown: Position | undefined;
    const timer = setInterval(() => {
      const [x, y] = prediction.tick < 0 ? [0, 0] : positionOf(prediction.state);
      prediction.advance();
      if (prediction.tick < 0) return;
      aheadBy.push(prediction.tick - prediction.confirmedTick);
      const [toX, toY] = positionOf(prediction.state);
      const drawn = smoothing.shown([toX, toY], performance.now()) as [number, number];
      const expected: Position | undefined = shown && [shown[0] + toX - x, shown[1] + toY - y];
      const jump = expected ? apart(drawn, expected) : 0;
      if (jump < TELEPORT && prediction.tick > 60) jumps.push(jump); // by then the clock knows the link
      shown = drawn;
    }, FRAME_MS);
    const pings = setInterval(() => void realtime.ping().then((ms) => prediction.onRoundTrip(ms)), 1000);
    await until(() => ((mine.latest?.tick ?? 0) > TICKS ? undefined : `tick ${mine.latest?.tick}`), 30_000);
    clearInterval(timer);
    clearInterval(pings);
    for (const all of [aheadBy, jumps, errors]) all.sort((a, b) => a - b);
    expect(aheadBy[aheadBy.length >> 1]).toBeGreaterThanOrEqual(3); // 120 ms are more than three ticks
    expect(mine.latest?.acks[mine.seat]).toBeGreaterThan(TICKS / 2);
    expect(mine.framesSkipped).toBe(0);
    // There was something to correct, and nobody saw it: it was made good in small parts of a ship.
    expect(errors.at(-1)).toBeGreaterThan(50);
    expect(jumps.length).toBeGreaterThan(300);
    expect(jumps.at(-1)).toBeLessThan(SHIP / 4);
    expect(jumps[Math.floor(jumps.length * 0.99)]).toBeLessThan(SHIP / 20);
    prediction.stop();
    for (const one of [realtime, other.realtime]) one.close();
    await link.close();
  });
});

function apart(a: Position, b: Position): number {
  return Math.hypot(wrapped(a[0] - b[0]), wrapped(a[1] - b[1]));
}

function wrapped(distance: number): number {
  const within = ((distance % ARENA) + ARENA) % ARENA;
  return within > ARENA / 2 ? within - ARENA : within;
}
