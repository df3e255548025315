// What an operator finds of one player's match: by the ids alone, over all processes.
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { pilot, playing } from "./players.ts";
import { startSystem, type System } from "./system.ts";

type Line = Record<string, unknown>;

/** Of a match, and of each of its players: what it may cost in the logs. */
const [LINES_PER_MATCH, LINES_PER_PLAYER] = [5, 5];

describeWithServers("the logs of one match", () => {
  let system: System;
  beforeAll(async () => {
    system = await startSystem({ nginx: false });
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const lines = (): Line[] => Object.values(system.logs).flatMap((log) => [...log.lines] as Line[]);
  /** As `operator.sh logs ID` finds them. */
  const naming = (...ids: string[]): Line[] =>
    lines().filter((line) => ids.some((id) => JSON.stringify(line).includes(id)));
  const one = (service: string, msg: string, id: string): Line => {
    const found = naming(id).filter((line) => line["service"] === service && line["msg"] === msg);
    expect(found.length, `${service}: ${msg}`).toBe(1);
    return found[0] as Line;
  };

  it("tie player, ticket, match, shard and trace from the queue to the end", async () => {
    const { players, matches, found } = await playing(system, "duel-quick", [0, 0]);
    const { matchId } = found[0];
    for (const match of matches) pilot(match);
    await Promise.all(matches.map((match) => match.ended));
    await until(() =>
      naming(matchId).some((line) => line["msg"] === "result stored") ? undefined : "the result is not stored",
    );
    const placed = one("matchmaker", "match placed", matchId);
    const { shardId, traceId } = placed as { shardId: string; traceId: string };
    const traces: unknown[] = [];
    for (const { player } of players) {
      const { playerId } = player;
      const queued = one("realtime-gateway", "queued", playerId);
      const { ticketId, gatewayId } = queued;
      traces.push(queued["traceId"]);
      expect(one("matchmaker", "ticket queued", playerId)).toMatchObject({ ticketId, traceId: queued["traceId"] });
      expect(placed["players"]).toContainEqual({ ticketId, playerId });
      const told = { playerId, matchId, gatewayId };
      expect(one("realtime-gateway", "match found", playerId)).toMatchObject({ ...told, ticketId });
      expect(one("shard", "player joined", playerId)).toMatchObject({ ...told, shardId });
      expect(one("realtime-gateway", "player told that the match is over", playerId)).toMatchObject(told);
      expect(one("match-service", "match recorded", matchId)["playerIds"]).toContain(playerId);
    }
    expect(traces).toContain(traceId);
    const ofMatch = { matchId, shardId, traceId };
    expect(one("match-service", "match recorded", matchId)).toMatchObject(ofMatch);
    expect(one("match-service", "match over", matchId)).toMatchObject(ofMatch);
    expect(one("shard", "match over", matchId)).toMatchObject(ofMatch);
    expect(one("shard", "result stored", matchId)).toMatchObject(ofMatch);

    const all = naming(matchId, ...players.map(({ player }) => player.playerId)).map((line) => line["msg"]);
    expect(all.length, all.join("\n")).toBeLessThanOrEqual(LINES_PER_MATCH + LINES_PER_PLAYER * players.length);
    for (const { realtime } of players) realtime.close();
  });
});
