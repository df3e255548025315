// What an operator sees of the running system, and draining a gateway and a shard without stopping them.
import * as shard from "@muster/shard/testing";
import type { App } from "@muster/runtime";
import { describeWithServers, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { entriesAbout, type Operator, operators } from "./operators.ts";
import { connected, pilot, playing } from "./players.ts";
import { startSystem, type System } from "./system.ts";

interface Overview {
  readonly status: string;
  readonly processes: readonly {
    name: string;
    status: string;
    problem?: string;
    instances: readonly {
      version?: string;
      instanceId?: string;
      dependencies: readonly { name: string; need: string }[];
    }[];
  }[];
  readonly topology: {
    problem?: string;
    gateways: readonly {
      gatewayId: string;
      connections?: number;
      players?: number;
      draining: boolean;
      drainable: boolean;
    }[];
    shards: readonly { shardId: string; matches: number; capacity: number; draining: boolean }[];
  };
}

const why = { reason: "maintenance" };

describeWithServers("an operator's view of the system", () => {
  let system: System;
  let admin: Operator;
  let second: App;
  beforeAll(async () => {
    system = await startSystem({ nginx: false, secondGateway: true });
    ({ admin } = await operators(system));
    const own = { SHARD_LINK_PORT: "0", SHARD_ADMIN_PORT: "0", SHARD_LINK_ADDRESS: "auto" };
    second = shard.service.createApp(shard.readConfig({ ...system.env, ...own }), {
      log: system.logs.shard.logger("shard"),
    });
    await second.start();
  });
  afterAll(async () => {
    await second.stop();
    await system[Symbol.asyncDispose]();
  });

  const overview = async (): Promise<Overview> => (await admin.ask<Overview>("GET", "/v1/admin/system")).body;
  const untilSeen = async <T>(pick: (seen: Overview) => T | undefined): Promise<T> => {
    let found: T | undefined;
    await until(async () => ((found = pick(await overview())) === undefined ? "not seen yet" : undefined));
    return found as T;
  };
  const codeOf = ({ body }: { body: Record<string, unknown> }): unknown => {
    const { code, details } = body["error"] as { code: string; details?: unknown };
    return [code, details];
  };

  it("names each process with its release and what it depends on, and gateways and shards with their load", async () => {
    const player = await connected(system, { gateway: 0 });
    const seen = await untilSeen((now) =>
      now.topology.shards.length === 2 && now.topology.gateways.some(({ players }) => players === 1) ? now : undefined,
    );
    expect(seen.processes.map(({ name }) => name)).toContain("match-service");
    const matchmaker = seen.processes.find(({ name }) => name === "matchmaker");
    expect(matchmaker?.instances[0]?.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(matchmaker?.instances[0]?.dependencies).toContainEqual({ name: "shards", need: "peer" });
    const gateway = seen.processes.find(({ name }) => name === "realtime-gateway")?.instances[0];
    expect(seen.topology.gateways.map(({ gatewayId }) => gatewayId)).toContain(gateway?.instanceId);
    for (const one of seen.topology.shards) expect(one.capacity).toBeGreaterThan(0);
    player.realtime.close();
  });

  it("a player who waits is seen, and taken out of the queue: the player is told, and may queue again", async () => {
    const player = await connected(system, { gateway: 0 });
    const refused = player.realtime.queue("duel").then(
      () => undefined,
      (err: unknown) => (err as { code?: string }).code,
    );
    const tickets = async (): Promise<{ ticketId: string; playerId: string }[]> =>
      (await admin.ask<{ tickets: { ticketId: string; playerId: string }[] }>("GET", "/v1/admin/queues/duel/tickets"))
        .body.tickets;
    await until(async () => ((await tickets()).length === 1 ? undefined : "not queued"));
    const [ticket] = await tickets();
    expect(ticket?.playerId).toBe(player.player.playerId);
    const { body } = await admin.ask<{ queues: { mode: string; waiting: number }[] }>("GET", "/v1/admin/queues");
    expect(body.queues.find(({ mode }) => mode === "duel")?.waiting).toBe(1);
    const remove = `/v1/admin/queues/tickets/${ticket?.ticketId}/remove`;
    expect((await admin.ask("POST", remove, why)).status).toBe(204);
    expect(await refused).toBe("removed_by_operator");
    expect(await entriesAbout(admin, ticket?.ticketId as string)).toEqual([
      `ticket_remove_ordered by ${admin.playerId}: maintenance`,
    ]);
    const again = await admin.ask("POST", remove, why);
    expect([again.status, codeOf(again)]).toEqual([404, ["ticket_not_found", undefined]]);
    expect(await entriesAbout(admin, ticket?.ticketId as string)).toHaveLength(1);
    player.realtime.close();
  });

  it("a drained shard hands its matches to another one, takes none, and takes some again afterwards; the last one stays", async () => {
    const { players, matches } = await playing(system, "duel", [0, 1]);
    for (const match of matches) pilot(match);
    const from = await untilSeen(({ topology }) => topology.shards.find((one) => one.matches > 0)?.shardId);
    const drain = (shardId: string, what = "drain") => admin.ask("POST", `/v1/admin/shards/${shardId}/${what}`, why);
    expect((await drain(from)).status).toBe(204);
    const other = await untilSeen(({ topology }) => {
      const left = topology.shards.find(({ shardId }) => shardId === from);
      return left?.draining && left.matches === 0
        ? topology.shards.find((one) => one.shardId !== from && one.matches > 0)?.shardId
        : undefined;
    });
    const refused = await drain(other);
    expect([refused.status, codeOf(refused)]).toEqual([409, ["cannot_drain", { reason: "last_one" }]]);
    await new Promise<void>((resolve) => matches[0].onSnapshot(() => resolve())); // it goes on
    expect((await drain(from, "undrain")).status).toBe(204);
    await untilSeen(({ topology }) => topology.shards.every(({ draining }) => !draining) || undefined);
    expect((await drain(other)).status).toBe(204); // and back
    await untilSeen(({ topology }) => topology.shards.find((one) => one.shardId === from && one.matches > 0));
    expect((await drain(other, "undrain")).status).toBe(204);
    expect(await entriesAbout(admin, from)).toEqual([
      `shard_undrain_ordered by ${admin.playerId}: maintenance`,
      `shard_drain_ordered by ${admin.playerId}: maintenance`,
    ]);
    for (const { realtime } of players) realtime.close();
  });

  it("a drained gateway sends its players away and takes none, and takes some again afterwards", async () => {
    const player = await connected(system, { gateway: 0 });
    const gatewayId = await untilSeen(({ topology }) => topology.gateways.find((one) => one.players === 1)?.gatewayId);
    const drain = (what: string) => admin.ask("POST", `/v1/admin/gateways/${gatewayId}/${what}`, why);
    expect((await drain("drain")).status).toBe(204);
    await untilSeen(({ topology }) =>
      topology.gateways.find((one) => one.gatewayId === gatewayId && one.draining && one.connections === 0),
    );
    player.realtime.close();
    const ready = async (): Promise<number> =>
      (await fetch(`http://127.0.0.1:${system.env["GATEWAY_ADMIN_PORT"]}/readyz`)).status;
    expect(await ready()).toBe(503);
    expect((await drain("undrain")).status).toBe(204);
    await until(async () => ((await ready()) === 200 ? undefined : "not ready"));
    (await connected(system, { gateway: 0 })).realtime.close();
  });

  it("answers while the matchmaker is away", async () => {
    await system.stop("matchmaker");
    const seen = await untilSeen((now) => (now.status === "unhealthy" ? now : undefined));
    expect(seen.topology).toMatchObject({
      gateways: [],
      shards: [],
      problem: expect.stringMatching(/matchmaker/) as unknown,
    });
    await system.start("matchmaker");
    await untilSeen((now) => (now.topology.shards.length === 2 ? true : undefined));
  });
});
