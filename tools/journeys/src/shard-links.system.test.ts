// Shards that gateways cannot reach, or not any more: wrong addresses, wrong keys, and one at another's address.
import type { FoundMatch } from "@muster/client";
import { duel } from "@muster/game-duel";
import { freePort } from "@muster/local";
import * as shard from "@muster/shard/testing";
import { describeWithServers, LogLines, until } from "@muster/testkit";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openBadLink } from "./bad-link.ts";
import { connected, matched, pilot } from "./players.ts";
import { startSystem, type System } from "./system.ts";

describeWithServers("a shard that gateways cannot reach", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(() => system[Symbol.asyncDispose]());
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).toReversed()) await stop();
  });

  /** Another shard beside the system's own. */
  async function another(more: Record<string, string>): Promise<LogLines> {
    const log = new LogLines();
    const config = shard.readConfig({
      ...system.env,
      SHARD_LINK_PORT: "0",
      SHARD_ADMIN_PORT: "0",
      SHARD_LINK_ADDRESS: "auto",
      ...more,
    });
    const app = shard.createApp(config, { log: log.logger("shard") });
    await app.start();
    stops.push(() => app.stop());
    return log;
  }
  const said = (log: LogLines, message: string): Promise<void> =>
    until(() => (log.withMessage(message).length > 0 ? undefined : `nobody said: ${message}`));

  it("before the first tick: its match starts afresh on another one, and is played", async () => {
    const [port, players] = [await freePort(), await Promise.all([connected(system), connected(system)])];
    await system.stop("shard");
    const link = await openBadLink(`tcp://127.0.0.1:${port}`, {}, Math.random);
    stops.push(() => link.close());
    const address = new URL(link.url).host;
    const lost = await another({ SHARD_LINK_PORT: String(port), SHARD_LINK_ADDRESS: address });
    await said(lost, "a gateway is linked");
    const found = await Promise.all(players.map(({ realtime }) => realtime.queue("duel-quick")));
    link.cut();
    await system.start("shard");
    const matches = await Promise.all(players.map(({ realtime }, i) => realtime.join(found[i] as FoundMatch, duel)));
    for (const match of matches) pilot(match);
    expect(await Promise.all(matches.map(({ ended }) => ended))).toMatchObject([{ kind: "ended" }, { kind: "ended" }]);
    const [takenOver] = system.logs.shard.withMessage("match taken over");
    expect(takenOver).toMatchObject({ matchId: found[0]?.matchId, ticks: 0, epoch: 2 });
  });

  it("because it has another link key: no match is placed there, and both sides say why", async () => {
    const stranger = await another({ SHARD_LINK_KEY: "ab".repeat(32) });
    await said(stranger, "not the link protocol; cut");
    await said(system.logs.gateway, "the shard refuses this gateway's link");
    for (let i = 0; i < 4; i++) await matched(system, "duel");
    expect(stranger.withMessage("player joined")).toEqual([]);
    expect(system.logs.matchmaker.withMessage("match placed").length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(stranger.lines)).toContain("does not know the link key");
  });

  it("because another one that is alive has its address: it is refused, until that one is gone", async () => {
    const address = `127.0.0.1:${system.env["SHARD_LINK_PORT"]}`;
    const twin = await another({ SHARD_LINK_ADDRESS: address });
    await said(system.logs.matchmaker, "a shard has the address of another one that is alive; refused");
    await matched(system, "duel");
    expect(twin.withMessage("the matchmaker knows this shard")).toEqual([]);
    await system.stop("shard");
    await said(twin, "the matchmaker knows this shard");
  });
});
