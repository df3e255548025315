// What operators may drain: never the last one that does the work, whatever the order and the reports that cross it on the way.
import { expect, it } from "vitest";
import { operatorRpcs, type OperatorParts } from "./operator-rpcs.ts";
import { PeerSessions } from "./placement/peer-sessions.ts";
import { Shards } from "./placement/shards.ts";

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
  return { shard, gateway, call };
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
