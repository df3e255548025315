// A player has one seat in the whole system, and who does not come to it pays for that, not the others.
import { type MusterError, Realtime } from "@muster/client";
import { duel } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, matched, playing } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const LONG = { game: "duel", seats: 2, options: {} };

describeWithServers("one seat per player", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({
      secondGateway: true,
      env: {
        SHARD_PLAYED_AFTER_MS: "300",
        MATCHMAKER_MODES: JSON.stringify({
          duel: LONG,
          "duel-other": LONG,
          "duel-left": LONG,
          practice: { ...LONG, bots: { bot: "ace", afterS: 0 } },
        }),
      },
    });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("tells of the seat that is held instead of giving another, joined or not, in any mode, at any gateway", async () => {
    const { players, found } = await matched(system, "duel");
    const [a, b] = players;
    const again = await a.realtime.queue("duel");
    expect(found[0].held).toBe(false);
    expect(again).toMatchObject({ matchId: found[0].matchId, held: true, seat: found[0].seat });
    const [mine] = await Promise.all([a.realtime.join(again, duel), b.realtime.join(found[1], duel)]);
    const elsewhere = new Realtime(system.gatewayUrls[1] as string, () => a.client.accessToken(), {});
    await elsewhere.ready();
    const other: MusterError = await elsewhere.queue("duel-other").then(String, (err) => err);
    expect(other).toMatchObject({ code: "already_in_match", details: { found: { matchId: found[0].matchId } } });
    const running = await elsewhere.queue("duel");
    expect(running).toMatchObject({ matchId: found[0].matchId, held: true });
    expect(mine.framesApplied).toBeGreaterThan(0);
    const there = await elsewhere.join(running, duel);
    await until(() => (there.framesApplied > 3 ? undefined : "no frames at the second gateway"));
    elsewhere.close();
    b.realtime.close();
  });

  it("frees both seats with the end of the match: the next wait leads to another", async () => {
    const { players, matches, found } = await playing(system, "duel");
    await until(() => (matches[1].framesApplied > 15 ? undefined : "not played yet"));
    const ended = matches[1].ended;
    await players[0].realtime.leaveMatch();
    const leaver = players[0].realtime.queue("duel"); // its leaving may still be on its way
    await ended;
    const [one, two] = await Promise.all([leaver, players[1].realtime.queue("duel")]);
    expect(one.matchId).toBe(two.matchId);
    expect(one.matchId).not.toBe(found[0].matchId);
    expect([one.held, two.held]).toEqual([false, false]);
  });

  it("knows of the seats after a restart of the matchmaker, from the shards", async () => {
    const { players, found } = await playing(system, "duel");
    await system.stop("matchmaker");
    const waits = players[0].realtime;
    waits.dropForTest();
    await system.start("matchmaker");
    const elsewhere = new Realtime(system.gatewayUrls[1] as string, () => players[0].client.accessToken(), {});
    await elsewhere.ready();
    expect(await elsewhere.queue("duel")).toMatchObject({ matchId: found[0].matchId, held: true });
    elsewhere.close();
  });

  it("makes who does not come wait, and lets who came go on with the wait it had", async () => {
    const { players, found } = await matched(system, "duel-other");
    const [honest, ghost] = players;
    const match = await honest.realtime.join(found[0], duel);
    expect(await match.ended).toMatchObject({ kind: "cancelled", reason: "no_show" });
    const refused: MusterError = await ghost.realtime.queue("duel-other").then(String, (err) => err);
    expect(refused).toMatchObject({ code: "no_show_cooldown" });
    expect(refused.details?.["retryAfterMs"]).toBeGreaterThan(5000);
    const next = honest.realtime.queue("duel-other");
    const third = await connected(system);
    const [one, two] = await Promise.all([next, third.realtime.queue("duel-other")]);
    expect(one.matchId).toBe(two.matchId);
    const line = system.logs.matchmaker.find(
      (entry) => entry["msg"] === "player did not join its match" && entry["playerId"] === ghost.player.playerId,
    );
    expect(line?.["matchId"]).toBe(found[0].matchId);
  });

  it("makes who leaves at once wait too, and lets nobody gain by it", async () => {
    const { players, matches, found } = await playing(system, "duel-left");
    const [honest, leaver] = players;
    await leaver.realtime.leaveMatch();
    expect(await matches[0].ended).toMatchObject({ kind: "ended", reason: "forfeit" });
    const refused: MusterError = await leaver.realtime.queue("duel-left").then(String, (err) => err);
    expect(refused).toMatchObject({ code: "no_show_cooldown" });
    expect(refused.details?.["retryAfterMs"]).toBeGreaterThan(5000);
    await until(async () =>
      (await honest.client.match(found[0].matchId)).state === "ended" ? undefined : "the result is not stored",
    );
    const next = honest.realtime.queue("duel-left");
    const third = await connected(system);
    const [one, two] = await Promise.all([next, third.realtime.queue("duel-left")]);
    expect(one.matchId).toBe(two.matchId);
    const queued = system.logs.matchmaker.withMessage("ticket queued").filter((line) => line["mode"] === "duel-left");
    expect(queued.map((line) => line["rating"])).toEqual([1500, 1500, 1500, 1500]);
  });

  it("gives a player so many practice matches at once, and then one every few seconds", async () => {
    const { realtime } = await connected(system);
    let last: MusterError | undefined;
    for (let i = 0; i < 12 && !last; i++) {
      try {
        const found = await realtime.queue("practice");
        await realtime.join(found, duel);
        await realtime.leaveMatch();
      } catch (err) {
        last = err as MusterError;
      }
    }
    expect(last).toMatchObject({ code: "practice_limited" });
    expect(last?.details?.["retryAfterMs"]).toBeGreaterThan(0);
  });
});
