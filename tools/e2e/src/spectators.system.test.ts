// Spectators, bots, a game without a clock: through the whole system.
import { MusterClient } from "@muster/client";
import { duel } from "@muster/game-duel";
import { four, fourBot } from "@muster/game-four";
import { type Game, uint } from "@muster/game-kit";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, guest, matched, pilot, playing } from "./players.ts";
import { type System, startSystem } from "./system.ts";

const DELAY_MS = 400;

describeWithServers("spectators", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({
      secondGateway: true,
      nginx: false,
      env: { GATEWAY_SPECTATOR_DELAY_MS: String(DELAY_MS), GATEWAY_SPECTATORS_MAX: "3" },
    });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("see the players' very states, later by the delay, on any gateway, and the end after what led to it", async () => {
    const { matches, found } = await playing(system, "duel-quick", [0, 0]);
    const seen = new Map<number, { hash: string; at: number }>();
    matches[0].onSnapshot(({ tick }) => seen.set(tick, { hash: matches[0].stateHash, at: performance.now() }));
    for (const match of matches) pilot(match);
    const spectators = await Promise.all([connected(system, { gateway: 0 }), connected(system, { gateway: 1 })]);
    const watched = await Promise.all(spectators.map(({ realtime }) => realtime.watch(found[0].matchId, duel)));
    const watchedAt: { tick: number; at: number }[] = [];
    let compared = 0;
    for (const one of watched)
      one.onSnapshot(({ tick }) => {
        const original = seen.get(tick);
        if (!original) return; // from before the test listened
        expect(one.stateHash).toBe(original.hash);
        watchedAt.push({ tick, at: performance.now() });
        compared++;
      });
    expect(watched.map(({ delayMs }) => delayMs)).toEqual([DELAY_MS, DELAY_MS]);
    const [end] = await Promise.all([matches[0].ended, ...watched.map(({ ended }) => ended)]);
    expect(await Promise.all(watched.map(({ ended }) => ended))).toEqual(["ended", "ended"]);
    expect(compared).toBeGreaterThan(40);
    // By the clock of the ticks, as the player's earliest frame shows it: one that was late itself says nothing about the spectator's.
    const dueAt = (tick: number): number => tick * (1000 / duel.tickRate);
    const clockZero = Math.min(...[...seen].map(([tick, { at }]) => at - dueAt(tick)));
    const delays = watchedAt.map(({ tick, at }) => at - dueAt(tick) - clockZero);
    expect(Math.min(...delays)).toBeGreaterThan(DELAY_MS * 0.9);
    if (end.kind === "ended") expect(watched.map((one) => one.stateHash)).toEqual([end.stateHash, end.stateHash]);
  });

  it("may come late, leave, and wait in a queue meanwhile; what they may not is said", async () => {
    const { players, found, matches } = await playing(system, "duel", [0, 0]);
    const { matchId } = found[0];
    const spectator = await connected(system, { gateway: 1 });
    await until(() => ((matches[0].latest?.tick ?? 0) > 30 ? undefined : "too early"));
    const watched = await spectator.realtime.watch(matchId, duel);
    await until(() => (watched.framesApplied > 10 ? undefined : `${watched.framesApplied} frames`));
    await spectator.realtime.stopWatching();
    expect(await watched.ended).toBe("stopped");
    await expect(spectator.realtime.stopWatching()).rejects.toMatchObject({ code: "not_watching" });
    await expect(spectator.realtime.watch("018f0000-0000-7000-8000-000000000000", duel)).rejects.toMatchObject({
      code: "match_not_found",
    });
    await expect(players[0].realtime.watch(matchId, duel)).rejects.toMatchObject({ code: "already_in_match" });
    const crowd = await Promise.all([1, 2, 3, 4].map(() => connected(system, { gateway: 0 })));
    const answers = await Promise.allSettled(crowd.map(({ realtime }) => realtime.watch(matchId, duel)));
    expect(answers.filter((one) => one.status === "rejected").map((one) => one.reason as unknown)).toMatchObject([
      { code: "watchers_full" },
    ]);
    await players[0].realtime.leaveMatch(); // which ends it for the other one
  });

  it("find a match in the public list while it is played, and not when it is over", async () => {
    const visitor = new MusterClient({ url: system.url });
    const { players, found } = await playing(system, "duel", [0, 0]);
    const { matchId } = found[0];
    const listed = async () => (await visitor.liveMatches({ mode: "duel" })).matches.find((m) => m.matchId === matchId);
    await until(async () => ((await listed()) ? undefined : "not listed"));
    const { participants, state } = (await listed()) ?? {};
    expect(state).toBe("running");
    expect(participants?.map(({ playerId }) => playerId).toSorted()).toEqual(
      players.map(({ player }) => player.playerId).toSorted(),
    );
    const others = await visitor.liveMatches({ mode: "duel-quick" });
    expect(others.matches.map((m) => m.matchId)).not.toContain(matchId);
    const spectator = await connected(system, { gateway: 1 });
    const watched = await spectator.realtime.watch(matchId, duel);
    await until(() => (watched.framesApplied > 5 ? undefined : "no frames"));
    await players[0].realtime.leaveMatch(); // which ends it for the other one
    await until(async () => ((await listed()) ? "still listed" : undefined));
  });

  it("are shown the match again after their connection was lost", async () => {
    const { players, found } = await playing(system, "duel", [0, 0]);
    const spectator = await connected(system, { gateway: 1 });
    const watched = await spectator.realtime.watch(found[0].matchId, duel);
    await until(() => (watched.framesApplied > 5 ? undefined : "no frames"));
    spectator.realtime.dropForTest();
    const before = watched.framesApplied;
    await until(() => (watched.framesApplied > before + 20 ? undefined : "no frames after the reconnect"));
    await players[0].realtime.leaveMatch(); // which ends it for the other one
  });
});

describeWithServers("other ways to play", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({
      env: {
        GATEWAY_SPECTATOR_DELAY_MS: String(DELAY_MS),
        MATCHMAKER_MODES: JSON.stringify({
          four: { game: "four", seats: 2, options: {} },
          duel: { game: "duel", seats: 2, options: {} },
          "four-quick": { game: "four", seats: 2, options: { turnSeconds: 1 } },
          practice: { game: "duel", seats: 2, options: { rounds: 1, roundTicks: 60 }, bots: { bot: "ace", afterS: 0 } },
          patient: {
            game: "duel",
            seats: 2,
            options: { rounds: 1, roundTicks: 60 },
            bots: { bot: "ace", afterS: 3600 },
          },
        }),
      },
    });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("a game without a clock is played move by move, and shares everything but its rules", async () => {
    const { players, found } = await matched(system, "four");
    const matches = await Promise.all(players.map(({ realtime }, i) => realtime.join(found[i]!, four)));
    for (const match of matches) {
      const move = (): void => {
        const next = match.latest && fourBot(match.latest.state, match.seat);
        if (next) match.send(next);
      };
      match.onSnapshot(move);
      move();
    }
    const ends = await Promise.all(matches.map(({ ended }) => ended));
    expect(ends[0]).toEqual(ends[1]);
    expect(ends[0]).toMatchObject({ kind: "ended", reason: "played" });
    expect(new Set(matches.map((match) => match.stateHash)).size).toBe(1);
    await until(async () =>
      (await players[0].client.match(found[0].matchId)).state === "ended" ? undefined : "not stored",
    );
  });

  it("the SDK plays and shows no match by another game's code, or by a copy with other fields: it says so, and goes on", async () => {
    const { players, found } = await matched(system, "duel");
    const spectator = await connected(system);
    const wider = { ...duel, state: { ...duel.state, round: uint(5) } };
    const newer = { ...duel, buildId: "duel-2" };
    const [a, b] = players;
    await expect(a.realtime.join(found[0], four)).rejects.toMatchObject({ code: "wrong_game" });
    const { seatTicket } = found[0]; // as an app keeps it
    await expect(a.realtime.join({ seatTicket }, four)).rejects.toMatchObject({ code: "wrong_game" });
    await expect(b.realtime.join(found[1], wider)).rejects.toMatchObject({ code: "wrong_layout" });
    const refusals = [
      [four, "wrong_game"],
      [wider, "wrong_layout"],
      [newer, "wrong_build"],
    ] as const;
    for (const [game, code] of refusals) {
      const watching = spectator.realtime.watch(found[0].matchId, game as unknown as Game);
      await expect(watching).rejects.toMatchObject({ code });
    }
    const watched = await spectator.realtime.watch(found[0].matchId, newer, { anyBuild: true });
    await until(() => (watched.framesApplied > 3 ? undefined : "nothing is shown"));
    await b.realtime.leaveMatch(); // the seat was taken
    for (const { realtime } of [a, b, spectator]) await realtime.ping();
  });

  it("whoever lets the time for a move pass has lost", async () => {
    const { players, found } = await matched(system, "four-quick");
    const matches = await Promise.all(players.map(({ realtime }, i) => realtime.join(found[i]!, four)));
    const end = await matches[0]!.ended;
    const slow = found.findIndex(({ seat }) => seat === 0);
    if (end.kind !== "ended") throw new Error(end.reason);
    expect(end.seats[found[slow]!.seat]?.rank).toBe(2);
  });

  it("a player who waits long enough plays against a bot, the history says so, and no rating moves", async () => {
    const one = await connected(system);
    const found = await one.realtime.queue("practice");
    expect(found.players.map(({ bot }) => bot).sort()).toEqual(["", "ace"]);
    const match = await one.realtime.join(found, duel);
    pilot(match);
    expect((await match.ended).kind).toBe("ended");
    await until(async () => ((await one.client.match(found.matchId)).state === "ended" ? undefined : "not stored"));
    const stored = await one.client.match(found.matchId);
    expect(stored.participants.map(({ bot }) => bot)).toContain("ace");
    const again = await one.realtime.queue("practice");
    expect(again.matchId).not.toBe(found.matchId);
    const queued = system.logs.matchmaker.withMessage("ticket queued").filter((line) => line["mode"] === "practice");
    expect(queued.map((line) => line["rating"])).toEqual([1500, 1500]);
  });

  it("two players who wait get each other, where bots would come later", async () => {
    const { found } = await matched(system, "patient");
    expect(found[0].matchId).toBe(found[1].matchId);
    expect(found[0].players.every(({ bot }) => bot === "")).toBe(true);
  });

  it("a match that was found while the connection was lost is told again", async () => {
    const [a, b] = await Promise.all([connected(system), guest(system.url)]);
    const mine = a.realtime.queue("patient");
    await until(() =>
      system.logs.matchmaker.withMessage("ticket queued").some((l) => l["mode"] === "patient")
        ? undefined
        : "not queued",
    );
    // The other one is matched with it, and loses its connection before it has read a thing.
    const { lostOnFound } = await import("./lost-on-found.ts");
    const retold = await lostOnFound(system, b.client, "patient");
    const found = await mine;
    expect(retold.matchId).toBe(found.matchId);
  });
});
