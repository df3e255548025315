// Shards that gateways cannot reach, or not any more: wrong addresses, wrong keys, and one at another's address.
import type { FoundMatch, MusterError } from "@muster/client";
import { duel } from "@muster/game-duel";
import { freePort } from "@muster/local";
import * as shard from "@muster/shard/testing";
import { describeWithServers, LogLines, until } from "@muster/testkit";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { openBadLink } from "./bad-link.ts";
import { connected, type DuelMatch, matched, pilot } from "./players.ts";
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
    const app = shard.service.createApp(config, { log: log.logger("shard") });
    await app.start();
    stops.push(() => app.stop());
    return log;
  }
  const said = (log: LogLines, message: string): Promise<void> =>
    until(() => (log.withMessage(message).length > 0 ? undefined : `nobody said: ${message}`));

  /** Two players who have found a match on a shard whose link can be cut; nobody else runs one. */
  async function foundBehind(joinWithinMs: number) {
    const [port, players] = [await freePort(), await Promise.all([connected(system), connected(system)])];
    await system.stop("shard");
    const link = await openBadLink(`tcp://127.0.0.1:${port}`, {}, Math.random);
    stops.push(() => link.close());
    const lost = await another({
      SHARD_LINK_PORT: String(port),
      SHARD_LINK_ADDRESS: new URL(link.url).host,
      SHARD_JOIN_WITHIN_MS: String(joinWithinMs),
    });
    await said(lost, "gateway linked");
    const found = await Promise.all(players.map(({ realtime }) => realtime.queue("duel-quick")));
    const join = (): Promise<DuelMatch>[] =>
      players.map(({ realtime }, i) => realtime.join(found[i] as FoundMatch, duel));
    return { link, lost, join, matchId: found[0]?.matchId };
  }
  const LONG_MS = 60_000;

  async function play(joins: readonly Promise<DuelMatch>[]): Promise<void> {
    const matches = await Promise.all(joins);
    for (const match of matches) pilot(match);
    expect(await Promise.all(matches.map(({ ended }) => ended))).toMatchObject([{ kind: "ended" }, { kind: "ended" }]);
  }

  /** How both are refused, and after how long. */
  async function refused(joins: readonly Promise<DuelMatch>[]): Promise<{ codes: string[]; afterMs: number }> {
    const from = performance.now();
    const all = await Promise.allSettled(joins);
    const codes = all.map((one) => (one.status === "rejected" ? (one.reason as MusterError).code : "joined"));
    return { codes, afterMs: performance.now() - from };
  }

  it("before the first tick: its match starts afresh on another one, and is played", async () => {
    const { link, join, matchId } = await foundBehind(LONG_MS);
    link.cut();
    await system.start("shard");
    await play(join());
    const [takenOver] = system.logs.shard.withMessage("match taken over");
    expect(takenOver).toMatchObject({ matchId, ticks: 0, epoch: 2 });
  });

  it("before the first tick, until the time to join is over: who joins then is told so, at once", async () => {
    const { link, lost, join } = await foundBehind(300);
    link.cut();
    await said(lost, "match over");
    const { codes, afterMs } = await refused(join());
    expect(codes).toEqual(["match_over", "match_over"]);
    expect(afterMs).toBeLessThan(5000); // and not by the SDK's own limit
    await system.start("shard");
  });

  it("while no other one is there: who joins is told in time, and may join as soon as there is one", async () => {
    const { link, join } = await foundBehind(LONG_MS);
    link.cut();
    const { codes, afterMs } = await refused(join());
    expect(codes).toEqual(["shard_unavailable", "shard_unavailable"]);
    expect(afterMs).toBeLessThan(9000);
    await system.start("shard");
    await play(join());
  });

  it("because its link is dead, and no matchmaker can be asked: who joins is told in time", async () => {
    const { link, join } = await foundBehind(LONG_MS);
    link.quality.dead = true;
    await system.stop("matchmaker");
    const { codes, afterMs } = await refused(join());
    expect(codes).toEqual(["shard_unavailable", "shard_unavailable"]);
    expect(afterMs).toBeLessThan(9000);
    await Promise.all([system.start("matchmaker"), system.start("shard")]);
  });

  it("because it has another link key: no match is placed there, and both sides say why", async () => {
    const impostor = await another({ SHARD_LINK_KEY: "ab".repeat(32) });
    await said(impostor, "a gateway violated the link protocol; the link is closed");
    await said(system.logs.gateway, "the shard refuses this gateway's link");
    for (let i = 0; i < 4; i++) await matched(system, "duel");
    expect(impostor.withMessage("player joined")).toEqual([]);
    expect(system.logs.matchmaker.withMessage("match placed").length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(impostor.lines)).toContain("does not know the link key");
  });

  it("because another one that is alive has its address: it is refused, until that one is gone", async () => {
    const address = `127.0.0.1:${system.env["SHARD_LINK_PORT"]}`;
    const twin = await another({ SHARD_LINK_ADDRESS: address });
    await said(system.logs.matchmaker, "a shard was refused: another live shard has the same address");
    await matched(system, "duel");
    expect(twin.withMessage("registered with the matchmaker")).toEqual([]);
    await system.stop("shard");
    await said(twin, "registered with the matchmaker");
  });
});
