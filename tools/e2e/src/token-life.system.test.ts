// Tokens with little life left, in the middle of a match. What a token says of its end is for its verifiers: the SDK goes by what
// they tell it, and here every clock but theirs is wrong.
import { MusterClient, type Tokens } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers } from "@muster/testkit";
import { ACCESS_TOKEN } from "@muster/tokens";
import { expect, it } from "vitest";
import { guest } from "./players.ts";
import { startSystem } from "./system.ts";

const LEFT_S = 5;
const PLAYS_MS = 3 * LEFT_S * 1000;

/** Counts, and keeps the codes with which it was closed. */
class CountedWebSocket extends WebSocket {
  static opened = 0;
  static readonly closes: number[] = [];
  constructor(url: string, protocols: string) {
    super(url, protocols);
    CountedWebSocket.opened++;
    this.addEventListener("close", ({ code }) => CountedWebSocket.closes.push(code));
  }
}

describeWithServers("tokens with a few seconds left", () => {
  it("cost no connection in mid-match, of sessions that were taken up again too", async () => {
    const behindMs = (ACCESS_TOKEN.lifetimeSeconds - LEFT_S) * 1000;
    await using system = await startSystem({ identityNow: () => new Date(Date.now() - behindMs) });
    const players = await Promise.all(
      [1, 2].map(async () => {
        const { tokens } = (await guest(system.url)).client;
        // As an older SDK kept them: no word about the device's clock, which is far ahead of what they say.
        const { clockAheadMs: _, ...kept } = tokens as Tokens;
        const accessExpiresAt = new Date(Date.now() + 3_600_000).toISOString();
        const client = new MusterClient({ url: system.url, tokens: { ...kept, accessExpiresAt } });
        const realtime = await client.connect({ webSocket: CountedWebSocket as never });
        return { client, realtime };
      }),
    );
    const found = await Promise.all(players.map(({ realtime }) => realtime.queue("duel")));
    await Promise.all(players.map(({ realtime }, i) => realtime.join(found[i] as never, duel)));
    await new Promise((resolve) => setTimeout(resolve, PLAYS_MS));
    expect([CountedWebSocket.opened, CountedWebSocket.closes]).toEqual([2, []]);
    const [first] = await (players[0] as (typeof players)[number]).client.history().then(({ matches }) => matches);
    expect(first?.state).toBe("running");
    for (const { realtime } of players) realtime.close();
  }, 60_000);
});
