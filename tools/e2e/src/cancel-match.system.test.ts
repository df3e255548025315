// One stuck match is ended by a moderator, through the ingress: whoever sits in it is told and may play again.
import type { MusterClient } from "@muster/client";
import { EndReason, MatchService } from "@muster/contracts/match/v2";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import { createMetrics } from "@muster/runtime";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, guest, makeAdmin, playing } from "./players.ts";
import { startSystem, type System } from "./system.ts";

interface AuditEntry {
  readonly actor: string;
  readonly action: string;
  readonly target: string;
  readonly reason: string;
}

describeWithServers("a match that an operator cancels", () => {
  let system: System;
  let admin: { client: MusterClient; playerId: string };
  beforeAll(async () => {
    system = await startSystem({ env: { SHARD_LEASE_RENEW_MS: "200" } });
    const { client, player } = await guest(system.url);
    await makeAdmin(system, player.playerId);
    admin = { client, playerId: player.playerId };
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
  });

  const as = async (client: MusterClient, method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${system.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${await client.accessToken()}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const cancel = (matchId: string, client = admin.client, body: unknown = { reason: "stuck" }): Promise<Response> =>
    as(client, "POST", `/v1/admin/matches/${matchId}/cancel`, body);
  const codeOf = async (response: Response): Promise<unknown> => [
    response.status,
    ((await response.json()) as { error: { code: string } }).error.code,
  ];
  const ordersFor = async (matchId: string): Promise<AuditEntry[]> => {
    const response = await as(admin.client, "GET", "/v1/admin/audit-log?limit=200");
    const { entries } = (await response.json()) as { entries: AuditEntry[] };
    return entries.filter(({ target }) => target === matchId);
  };

  it("ends for both players, who queue again at once; a second order changes nothing", async () => {
    const { players, matches, found } = await playing(system, "duel");
    const { matchId } = found[0];
    await new Promise<void>((resolve) => matches[0].onSnapshot(({ tick }) => void (tick > 3 && resolve())));
    expect((await cancel(matchId)).status).toBe(204);
    const ends = await Promise.all(matches.map((match) => match.ended));
    expect(ends).toEqual([0, 1].map(() => ({ kind: "cancelled", reason: "operator" })));
    expect(await players[0].client.match(matchId)).toMatchObject({ state: "cancelled", cancelReason: "operator" });
    expect((await cancel(matchId)).status).toBe(204);
    expect(await ordersFor(matchId)).toEqual([
      expect.objectContaining({ actor: admin.playerId, action: "match_cancel_ordered", reason: "stuck" }),
    ]);
    await until(() =>
      system.logs.shard.find((line) => line["msg"] === "result stored" && line["matchId"] === matchId)
        ? undefined
        : "the shard has not stored its end",
    );
    expect(system.logs.shard.withMessage("match-service refused a result permanently")).toEqual([]);
    const again = await Promise.all(players.map(({ realtime }) => realtime.queue("duel")));
    expect(again[0]?.matchId).toBe(again[1]?.matchId);
    expect((await cancel(again[0]?.matchId as string)).status).toBe(204); // nobody has joined it yet
    for (const { realtime } of players) realtime.close();
  });

  it("that no shard holds is ended; one that is over, unknown, without a reason, or a player's order is refused", async () => {
    const baseUrl = system.env["EDGE_MATCH_URL"] as string;
    const { call: match } = createRpcClient({
      service: MatchService,
      metrics: createMetrics("test"),
      baseUrl,
      dependency: anyMethods(5000),
    });
    const record = async (): Promise<string> => {
      const matchId = crypto.randomUUID();
      const seats = [{ seat: 0, playerId: crypto.randomUUID(), playerName: "gone" }];
      await match.createMatch({ matchId, mode: "duel", gameId: "duel", buildId: "1", shardId: "gone", seats });
      return matchId;
    };
    const [stuck, over] = [await record(), await record()];
    const player = await connected(system);
    expect(await codeOf(await cancel(stuck, player.client))).toEqual([403, "not_allowed"]);
    expect(await codeOf(await cancel(crypto.randomUUID(), player.client))).toEqual([403, "not_allowed"]);
    expect(await codeOf(await cancel(stuck, admin.client, {}))).toEqual([400, "invalid_request"]);
    expect((await player.client.match(stuck)).state).toBe("running");
    expect((await cancel(stuck)).status).toBe(204);
    expect(await player.client.match(stuck)).toMatchObject({ state: "cancelled", cancelReason: "operator" });
    const seats = [{ seat: 0, score: 1, rank: 1 }];
    await match.recordResult({
      matchId: over,
      epoch: 1,
      outcome: { case: "completed", value: { reason: EndReason.PLAYED, seats } },
    });
    expect(await codeOf(await cancel(over))).toEqual([409, "match_over"]);
    expect(await ordersFor(over)).toEqual([]);
    expect(await codeOf(await cancel(crypto.randomUUID()))).toEqual([404, "match_not_found"]);
    player.realtime.close();
  });
});
