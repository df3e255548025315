// What operators see of the queues. What they may drain: never the last one that does the work, whatever the order and the reports that cross it on the way.
import { createLogger } from "@muster/log";
import { expect, it } from "vitest";
import { operatorRpcs, type OperatorParts } from "./operator-rpcs.ts";
import { PeerSessions } from "./placement/peer-sessions.ts";
import { Shards } from "./placement/shards.ts";
import { Tickets } from "./queue/tickets.ts";

type Rpcs = ReturnType<typeof operatorRpcs>;

const NOW = 100_000;
const LAST = { code: "cannot_drain", details: { reason: "last_one" } };
const LOAD = { connections: 0, players: 0, capacity: 10, draining: false };

function parts() {
  const [sessions, shards] = [new PeerSessions(), new Shards()];
  const log = { info: () => undefined } as unknown as OperatorParts["log"];
  const rpcs = operatorRpcs({ sessions, log, now: () => NOW } as OperatorParts);
  const shard = (shardId: string, games: readonly string[], heardAt = NOW) => {
    const builds = new Map(games.map((game) => [game, "1"]));
    const info = { shardId, address: shardId, capacity: 10, region: "", builds, descriptions: new Map() };
    return sessions.openShard(shards.add(info as unknown as Parameters<Shards["add"]>[0], heardAt), true);
  };
  const gateway = (gatewayId: string) => sessions.openGateway(gatewayId, true, true);
  const call = async (name: "drainShard" | "drainGateway", id: string, on = true): Promise<void> => {
    const asked = { shardId: id, gatewayId: id, on, dryRun: false };
    await (rpcs[name] as (asked: object) => ReturnType<Rpcs["drainShard"]>)(asked);
  };
  return { shard, gateway, call, sessions, rpcs };
}

it("keeps the last shard that has a game, also beside shards of other games", async () => {
  const { shard, call } = parts();
  shard("a", ["duel", "four"]);
  shard("b", ["four"]);
  await expect(call("drainShard", "a")).rejects.toMatchObject(LAST);
  shard("c", ["duel"]);
  await call("drainShard", "a");
  await expect(call("drainShard", "c")).rejects.toMatchObject(LAST);
});

it("does not count on a shard that has not been heard from", async () => {
  const { shard, call } = parts();
  shard("a", ["duel"]);
  shard("frozen", ["duel"], NOW - 20_000);
  await expect(call("drainShard", "a")).rejects.toMatchObject(LAST);
  await call("drainShard", "frozen");
});

it("knows its order before the gateway does: neither a late report nor none at all frees the next one", async () => {
  const { gateway, call } = parts();
  const [a, b] = [gateway("a"), gateway("b")]; // they have reported nothing yet
  await call("drainGateway", "a");
  await expect(call("drainGateway", "b")).rejects.toMatchObject(LAST);
  a.load = LOAD; // sent before the order arrived
  await expect(call("drainGateway", "b")).rejects.toMatchObject(LAST);
  await call("drainGateway", "a", false);
  await call("drainGateway", "b");
  expect([a.drainOrdered, b.drainOrdered]).toEqual([false, true]);
});

it("does not count on a gateway that is stopping", async () => {
  const { gateway, call } = parts();
  gateway("a");
  gateway("b").load = { ...LOAD, draining: true };
  await expect(call("drainGateway", "a")).rejects.toMatchObject(LAST);
});

it("drains nothing of an earlier release, which would not know the order", async () => {
  const { sessions, shard, call } = parts();
  shard("a", ["duel"]);
  sessions.openGateway("a", true, true);
  sessions.openGateway("old", true, false);
  const old = { code: "cannot_drain", details: { reason: "old_release" } };
  await expect(call("drainGateway", "old")).rejects.toMatchObject(old);
  await expect(call("drainGateway", "none")).rejects.toMatchObject({ code: "gateway_not_found" });
  await expect(call("drainShard", "none")).rejects.toMatchObject({ code: "shard_not_found" });
});

it("takes an order back from the last one too, and only tells with a dry run whether it could be given", async () => {
  const { shard, rpcs, call } = parts();
  const [a] = [shard("a", ["duel"]), shard("b", ["duel"])];
  await rpcs.drainShard({ shardId: "a", on: true, dryRun: true } as never, undefined as never);
  expect([a.drainOrdered, a.shard.draining]).toEqual([false, false]);
  await call("drainShard", "a");
  expect([a.drainOrdered, a.shard.draining]).toEqual([true, true]);
  await expect(call("drainShard", "b")).rejects.toMatchObject(LAST);
  await call("drainShard", "b", false);
});

/** A matchmaker with these tickets, by how long each has waited. */
function queues(waitedMs: readonly number[], apart = -1) {
  const duel = { game: "duel", seats: 2, options: {} };
  const modes = { duel, other: duel };
  const rules = { windowPoints: 100, windowPointsPerS: 50, regionPoints: 250 };
  const tickets = new Tickets({ modes, rules, queueMax: 100, log: createLogger("test", "silent") });
  waitedMs.forEach((waited, i) => {
    const who = {
      ticketId: `t${i}`,
      playerId: `p${i}`,
      playerName: `p${i}`,
      gatewayId: "g",
      region: "",
      traceparent: "",
    };
    const until = i === apart ? { apartUntil: NOW + 1 } : {};
    tickets.add({ ...who, ...until, mode: "duel", rating: 1500.4, since: NOW - waited });
  });
  const removed: string[] = [];
  const admission = { remove: (ticketId: string) => removed.push(ticketId) };
  const rpcs = operatorRpcs({ tickets, modes, admission, sessions: new PeerSessions(), now: () => NOW } as never);
  const call = async (name: keyof Rpcs, asked: object): Promise<never> =>
    (await (rpcs[name] as (asked: object) => unknown)(asked)) as never;
  return { call, removed };
}

it("says of each mode how many wait, and how long", async () => {
  const { call } = queues([10, 70.4, 30]);
  const { queues: found }: { queues: object[] } = await call("listQueues", {});
  expect(found).toMatchObject([
    { mode: "duel", gameId: "duel", seats: 2, waiting: 3, longestWaitMs: 70, medianWaitMs: 30 },
    { mode: "other", waiting: 0, longestWaitMs: 0, medianWaitMs: 0 },
  ]);
});

it("lists the tickets of a mode in the order in which they came, page by page", async () => {
  const { call } = queues([30, 20, 10], 1);
  const page = (pageSize: number, afterArrival: bigint) =>
    call("listTickets", { mode: "duel", pageSize, afterArrival }) as Promise<{ tickets: object[]; more: boolean }>;
  const first = await page(2, 0n);
  expect(first).toMatchObject({
    tickets: [
      { ticketId: "t0", arrival: 1n, waitedMs: 30, rating: 1500, apart: false },
      { ticketId: "t1", arrival: 2n, waitedMs: 20, apart: true },
    ],
    more: true,
  });
  expect(await page(2, 2n)).toMatchObject({ tickets: [{ ticketId: "t2", arrival: 3n }], more: false });
  expect(await call("listTickets", { mode: "other", pageSize: 0, afterArrival: 0n })).toEqual({
    tickets: [],
    more: false,
  });
});

it("removes a ticket that is there, and with a dry run only tells whether it is", async () => {
  const { call, removed } = queues([10]);
  await call("removeTicket", { ticketId: "t0", dryRun: true });
  expect(removed).toEqual([]);
  await expect(call("removeTicket", { ticketId: "t9", dryRun: false })).rejects.toMatchObject({
    code: "ticket_not_found",
  });
  await call("removeTicket", { ticketId: "t0", dryRun: false });
  expect(removed).toEqual(["t0"]);
});
