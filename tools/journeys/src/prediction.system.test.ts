// The prediction through a real proxy: 60 ms each way, and one chunk in a hundred held up as TCP does after a loss. How
// well it hides that is measured in virtual time (packages/client/src/prediction.test.ts); here it meets real sockets.
import { Prediction, Realtime } from "@muster/client";
import { duel, duelBot } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { openBadLink } from "./bad-link.ts";
import { connected, guest, pilot } from "./players.ts";
import { startSystem } from "./system.ts";

const QUALITY = { latencyMs: 60, loss: 0.01, stallMs: 240 };
const FRAME_MS = 16;
const TICKS = 150;

describeWithServers("a prediction on a bad link", () => {
  it("runs ahead of the server, is confirmed by it, and its inputs are taken", async () => {
    await using system = await startSystem({ nginx: false });
    const link = await openBadLink(system.gatewayUrls[0] as string, QUALITY, Math.random);
    const { client } = await guest(system.url);
    const realtime = new Realtime(link.url, () => client.accessToken(), {});
    const other = await connected(system, { gateway: 0 });
    const found = await Promise.all([realtime.queue("duel"), other.realtime.queue("duel")]);
    const [mine, theirs] = await Promise.all([realtime.join(found[0], duel), other.realtime.join(found[1], duel)]);
    pilot(theirs);
    const prediction = new Prediction(mine, { game: duel, sample: (state) => duelBot(state, mine.seat) });
    prediction.onRoundTrip(await realtime.ping());
    const aheadBy: number[] = [];
    const timer = setInterval(() => {
      prediction.advance();
      aheadBy.push(prediction.tick - prediction.confirmedTick);
    }, FRAME_MS);
    await until(() => ((mine.latest?.tick ?? 0) > TICKS ? undefined : `tick ${mine.latest?.tick}`), 30_000);
    clearInterval(timer);
    aheadBy.sort((a, b) => a - b);
    expect(aheadBy[aheadBy.length >> 1]).toBeGreaterThanOrEqual(3); // 120 ms are more than three ticks
    expect(mine.latest?.acks[mine.seat]).toBeGreaterThan(TICKS / 2);
    expect(mine.framesSkipped).toBe(0);
    prediction.stop();
    for (const one of [realtime, other.realtime]) one.close();
    await link.close();
  });
});
