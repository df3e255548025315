import { duelBot } from "@muster/game-duel";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, matched, pilot, playing } from "./players.ts";
import { type System, startSystem } from "./system.ts";

describeWithServers("a match", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem();
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  it("is played to its end through the ingress and stands in both histories", async () => {
    const { players, matches, found } = await playing(system);
    for (const match of matches) pilot(match);
    const [end, other] = await Promise.all(matches.map((match) => match.ended));
    expect(end).toEqual(other);
    if (end?.kind !== "ended") throw new Error(`cancelled: ${end?.reason}`);
    expect(matches.map((match) => match.stateHash)).toEqual([end.stateHash, end.stateHash]);
    expect(matches.map((match) => match.framesSkipped)).toEqual([0, 0]);
    await until(async () =>
      (await players[0].client.match(found[0].matchId)).state === "ended" ? undefined : "not stored",
    );
    for (const { client } of players) {
      const { matches: history } = await client.history();
      expect(history).toHaveLength(1);
      expect(history[0]).toMatchObject({
        matchId: found[0].matchId,
        state: "ended",
        endReason: "played",
        ticks: end.ticks,
        stateHash: end.stateHash,
      });
      expect(history[0]?.participants.map(({ score, rank }) => ({ score, rank }))).toEqual(end.seats);
    }
  });

  it("carries one trace id from the queueing player through the matchmaker and the shard to the stored result", async () => {
    const { matches, found } = await playing(system);
    for (const match of matches) pilot(match);
    await Promise.all(matches.map((match) => match.ended));
    const { matchId } = found[0];
    await until(() =>
      system.logs.shard.find((line) => line["matchId"] === matchId && line["msg"] === "result stored")
        ? undefined
        : "not stored",
    );
    const placed = system.logs.matchmaker.find((line) => line["msg"] === "match placed" && line["matchId"] === matchId);
    const traceId = placed?.["traceId"] as string;
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    const inTrace = (line: Record<string, unknown>): boolean => line["traceId"] === traceId;
    expect(system.logs.gateway.find((line) => inTrace(line) && line["msg"] === "queued")).toBeDefined();
    expect(system.logs.shard.find((line) => inTrace(line) && line["msg"] === "result stored")).toBeDefined();
    const rpcs = system.logs.match.lines.filter(inTrace).map((line) => line["rpc"]);
    expect(rpcs).toContain("match.v2.MatchService/CreateMatch");
    expect(rpcs).toContain("match.v2.MatchService/RecordResult");
  });

  it("goes on without a lost player, who comes back within the grace period and misses nothing it must have", async () => {
    const { players, matches } = await playing(system, "duel-quick");
    const [mine, theirs] = matches;
    for (const match of matches) pilot(match);
    await until(() => (mine.framesApplied > 5 ? undefined : "no frames yet"));
    const statuses: boolean[] = [];
    theirs.onSeatStatus(({ connected: isHere }) => statuses.push(isHere));
    players[0].realtime.dropForTest();
    await until(() => (statuses.includes(true) ? undefined : `statuses so far: ${statuses.join()}`));
    expect(statuses).toEqual([false, true]);
    const [end] = await Promise.all([mine.ended, theirs.ended]);
    expect(end.kind).toBe("ended");
    expect(mine.stateHash).toBe(theirs.stateHash);
  });

  it("ends as a forfeit when a player gives up", async () => {
    const { players, matches } = await playing(system);
    await until(() => (matches[1].framesApplied > 0 ? undefined : "no frames yet"));
    await players[0].realtime.leaveMatch();
    const end = await matches[1].ended;
    expect(end).toMatchObject({ kind: "ended", reason: "forfeit" });
    if (end.kind === "ended") expect(end.seats[matches[1].seat]?.rank).toBe(1);
  });

  it("ends as a forfeit when a lost player does not come back within the grace period", async () => {
    const { players, matches } = await playing(system, "duel");
    await until(() => (matches[1].framesApplied > 0 ? undefined : "no frames yet"));
    players[0].realtime.close();
    expect(await matches[1].ended).toMatchObject({ kind: "ended", reason: "forfeit" });
  });

  it("is cancelled, and says so to the one who waits, when a player never arrives", async () => {
    const { players, found } = await matched(system);
    const { duel } = await import("@muster/game-duel");
    const match = await players[0].realtime.join(found[0], duel);
    expect(await match.ended).toEqual({ kind: "cancelled", reason: "no_show" });
    await until(async () =>
      (await players[0].client.match(found[0].matchId)).state === "cancelled" ? undefined : "not stored",
    );
    expect(await players[1].client.match(found[0].matchId)).toMatchObject({ cancelReason: "no_show" });
  });

  it("is open to its own players only: a foreign seat ticket is refused", async () => {
    const { duel } = await import("@muster/game-duel");
    const { players, found } = await matched(system);
    const outsider = await connected(system);
    await expect(outsider.realtime.join(found[0], duel)).rejects.toMatchObject({ code: "seat_ticket_foreign" });
    await expect(players[0].realtime.join(found[1], duel)).rejects.toMatchObject({ code: "seat_ticket_foreign" });
    const forged = `${found[0].seatTicket.slice(0, -4)}AAAA`;
    await expect(players[0].realtime.join({ seatTicket: forged }, duel)).rejects.toMatchObject({
      code: "seat_ticket_invalid",
    });
  });

  it("refuses inputs for the past, the future and out of order, counts them, and plays on", async () => {
    const { matches } = await playing(system, "duel");
    const [mine] = matches;
    await until(() => ((mine.latest?.tick ?? 0) > 40 ? undefined : "too early"));
    const now = mine.latest?.tick ?? 0;
    const input = duelBot(mine.latest?.state as never, mine.seat);
    mine.send(input, now + 1000);
    mine.send(input, 1);
    const accepted = mine.send(input, now + 3);
    await until(() => ((mine.latest?.acks[mine.seat] ?? 0) >= accepted ? undefined : "not acknowledged"));
    await until(() => (mine.refusals.size === 2 ? undefined : `refusals: ${[...mine.refusals]}`));
    expect(Object.fromEntries(mine.refusals)).toEqual({ input_too_early: 1, input_too_late: 1 });
    mine.send({ ...input, fire: true });
  });
});
