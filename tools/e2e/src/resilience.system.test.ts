// What happens to the others when one process stops, and when it comes back.
import { Realtime } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, openFront, until } from "@muster/testkit";
import { expect, it } from "vitest";
import { connected, guest, pilot, playing } from "./players.ts";
import { startSystem } from "./system.ts";

describeWithServers("a system with a missing process", () => {
  it("keeps waiting players over a restart of the matchmaker, with the time that they have waited", async () => {
    await using system = await startSystem({ nginx: false });
    const [a, b] = await Promise.all([connected(system, { gateway: 0 }), connected(system, { gateway: 0 })]);
    const first = a.realtime.queue("duel");
    await until(() => (system.logs.matchmaker.withMessage("ticket queued").length === 1 ? undefined : "not queued"));
    await system.stop("matchmaker");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await system.start("matchmaker");
    await until(() =>
      system.logs.matchmaker.withMessage("ticket queued").length === 2 ? undefined : "not submitted again",
    );
    const second = b.realtime.queue("duel");
    expect((await first).matchId).toBe((await second).matchId);
    const waited = /matchmaker_wait_seconds_sum(?:\{[^}]*\})? ([\d.]+)/.exec(
      await (await fetch(`http://127.0.0.1:${system.env["MATCHMAKER_ADMIN_PORT"]}/metrics`)).text(),
    );
    expect(Number(waited?.[1])).toBeGreaterThan(0.3); // the original wait, not the one since the restart
  });

  it("takes a cancelled and a disconnected player out of the queue at once", async () => {
    await using system = await startSystem({ nginx: false });
    const [a, b, c, d] = await Promise.all([1, 2, 3, 4].map(() => connected(system, { gateway: 0 })));
    if (!a || !b || !c || !d) throw new Error("four players");
    const cancel = new AbortController();
    const cancelled = a.realtime.queue("duel", { signal: cancel.signal });
    await until(() => (system.logs.matchmaker.withMessage("ticket queued").length === 1 ? undefined : "not queued"));
    cancel.abort();
    await expect(cancelled).rejects.toMatchObject({ code: "cancelled" });
    const gone = b.realtime.queue("duel");
    await until(() => (system.logs.matchmaker.withMessage("ticket queued").length === 2 ? undefined : "not queued"));
    b.realtime.close();
    await expect(gone).rejects.toMatchObject({ code: "closed" });
    await until(async () =>
      (await a.client.modes()).find((mode) => mode.mode === "duel")?.waiting === 0 ? undefined : "someone waits",
    );
    const [found, other] = await Promise.all([c.realtime.queue("duel"), d.realtime.queue("duel")]);
    expect(found.matchId).toBe(other.matchId);
  });

  it("stores a result that match-service could not take at first, once it is back", async () => {
    await using system = await startSystem({ nginx: false });
    const { players, matches, found } = await playing(system, "duel-quick", [0, 0]);
    for (const match of matches) pilot(match);
    await system.stop("match");
    expect((await matches[0].ended).kind).toBe("ended");
    await until(() =>
      system.logs.shard.find((line) => line["msg"] === "a result could not be stored; trying again")
        ? undefined
        : "no retry",
    );
    await system.start("match");
    await until(async () =>
      (await players[0].client.match(found[0].matchId)).state === "ended" ? undefined : "not stored",
    );
  });

  it("answers 503 or 504 for what is missing, 200 for the rest, and is not healthy", async () => {
    await using system = await startSystem();
    const { client } = await guest(system.url);
    await client.me();
    await system.stop("match");
    await expect(client.history()).rejects.toMatchObject({ code: "unavailable", status: 503 });
    await client.me();
    await until(async () => ((await fetch(`${system.url}/healthz`)).status === 503 ? undefined : "still healthy"));
    expect(await (await fetch(`${system.url}/healthz`)).text()).toContain("match-service");
    await system.start("match");
    await until(async () => ((await fetch(`${system.url}/healthz`)).ok ? undefined : "still unhealthy"));
    expect((await client.history()).matches).toEqual([]);
  });

  it("matches and plays across two gateways", async () => {
    await using system = await startSystem({ secondGateway: true, nginx: false });
    const { matches } = await playing(system, "duel-quick", [0, 1]);
    for (const match of matches) pilot(match);
    const [end, other] = await Promise.all(matches.map((match) => match.ended));
    expect(end).toEqual(other);
    expect(end?.kind).toBe("ended");
    expect(matches[0].stateHash).toBe(matches[1].stateHash);
  });

  it("moves players to another gateway before theirs stops: they miss nothing, and the others do not notice", async () => {
    const env = { GATEWAY_RECONNECT_SPREAD_MS: "1000" }; // it ends when all have left
    await using system = await startSystem({ secondGateway: true, nginx: false, env });
    const ports = system.gatewayUrls.map((url) => Number(new URL(url).port));
    const front = await openFront(() => ports);
    const through = { ...system, gatewayUrls: [`ws://127.0.0.1:${front.port}/v1/realtime`] };
    const { matches } = await playing(through, "duel", [0, 0]);
    const ticks: number[] = [];
    const statuses: boolean[] = [];
    for (const match of matches) pilot(match);
    matches[0].onSnapshot(({ tick }) => ticks.push(tick));
    matches[1].onSeatStatus(({ connected: isHere }) => statuses.push(isHere));
    await until(() => (ticks.length > 5 ? undefined : "no frames yet"));
    await system.stop("gateway");
    const at = ticks.length;
    await until(() => (ticks.length > at + 5 ? undefined : "no frames any more"));
    const disconnects = system.logs.gateway.lines.map((line) => line["disconnect"]).filter(Boolean);
    expect(disconnects.filter((name) => name !== "replaced")).toEqual([]);
    expect(statuses).not.toContain(false);
    // The keyframe there may repeat a tick or stand in for one; none is missing between.
    expect(Math.max(...ticks.map((tick, i) => tick - (ticks[i - 1] ?? tick)))).toBeLessThan(3);
    for (const match of matches) expect(match.refusals.size).toBe(0);
    await front.close();
  });

  it("takes a lost player in through any gateway, in play within 200 ms of the socket's opening, told what it missed", async () => {
    await using system = await startSystem({ secondGateway: true, nginx: false });
    const front = await openFront(() => system.gatewayUrls.map((url) => Number(new URL(url).port)));
    const openedAt: number[] = [];
    class TimedWebSocket extends WebSocket {
      constructor(...where: ConstructorParameters<typeof WebSocket>) {
        super(...where);
        this.addEventListener("open", () => openedAt.push(performance.now()));
      }
    }
    const { client } = await guest(system.url);
    const url = `ws://127.0.0.1:${front.port}/v1/realtime`;
    const realtime = new Realtime(url, () => client.accessToken(), { webSocket: TimedWebSocket });
    const other = await connected(system, { gateway: 0 });
    const found = await Promise.all([realtime.queue("duel"), other.realtime.queue("duel")]);
    const [mine, theirs] = await Promise.all([realtime.join(found[0], duel), other.realtime.join(found[1], duel)]);
    for (const match of [mine, theirs]) pilot(match);
    const heard: boolean[] = [];
    mine.onSeatStatus(({ connected: isHere }) => heard.push(isHere));
    const took: number[] = [];
    for (let i = 1; i <= 6; i++) {
      await until(() => (mine.framesApplied > 5 * i ? undefined : "no frames"));
      const inPlay = new Promise<number>((resolve) => {
        const stop = mine.onSnapshot(() => {
          if (openedAt.length === i) return; // still the socket before
          stop();
          resolve(performance.now());
        });
      });
      // The other one is lost, and back, while this one cannot hear of it.
      other.realtime.dropForTest();
      realtime.dropForTest();
      took.push((await inPlay) - (openedAt[i] as number));
      await until(() => (heard.at(-1) === true ? undefined : `the other one: ${heard.join()}`));
    }
    took.sort((a, b) => a - b);
    expect(took[took.length >> 1]).toBeLessThan(200);
    const through = system.logs.shard.lines
      .filter((line) => line["msg"] === "player joined" && line["seat"] === mine.seat)
      .map((line) => line["gatewayId"]);
    expect(new Set(through).size).toBe(2);
    for (const one of [realtime, other.realtime]) one.close();
    await front.close();
  });

  it("tells players to come back when a gateway stops, and they do, into their match", async () => {
    await using system = await startSystem({ nginx: false, env: { SHARD_GRACE_MS: "8000" } });
    const { matches } = await playing(system, "duel-quick", [0, 0]);
    for (const match of matches) pilot(match);
    await until(() => (matches[0].framesApplied > 5 ? undefined : "no frames yet"));
    await system.stop("gateway");
    await system.start("gateway");
    const [end] = await Promise.all(matches.map((match) => match.ended));
    expect(end?.kind).toBe("ended");
    expect(matches[0].stateHash).toBe(matches[1].stateHash);
  });
});
