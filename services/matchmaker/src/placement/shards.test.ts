import { describe, expect, it } from "vitest";
import { type LiveShard, pickShard, Shards } from "./shards.ts";

const info = (shardId: string, more = {}): Parameters<Shards["add"]>[0] => ({
  shardId,
  address: `${shardId}:1`,
  capacity: 10,
  region: "eu",
  renewsLeases: true,
  tellsBegun: true,
  builds: new Map([["duel", "1"]]),
  descriptions: new Map(),
  ...more,
});
const NONE: ReadonlySet<string> = new Set();

describe("placement", () => {
  it("takes the least loaded by share of its capacity, counting what was just given", () => {
    const shards = new Shards();
    const [small, large] = [shards.add(info("small"), 0), shards.add(info("large", { capacity: 100 }), 0)] as [
      LiveShard,
      LiveShard,
    ];
    small.matches = 2;
    large.matches = 10;
    expect(pickShard(shards.all, { gameId: "duel", except: NONE })).toBe(large);
    large.given = 15;
    expect(pickShard(shards.all, { gameId: "duel", except: NONE })).toBe(small);
  });

  it("takes none that is full, stopping, excluded, gone or without the game", () => {
    const shards = new Shards();
    const full = shards.add(info("full"), 0);
    full.matches = 10;
    shards.add(info("stopping"), 0).draining = true;
    shards.add(info("other", { builds: new Map([["chess", "1"]]) }), 0);
    shards.remove(shards.add(info("gone"), 0));
    const good = shards.add(info("good"), 0);
    expect(pickShard(shards.all, { gameId: "duel", except: NONE })).toBe(good);
    expect(pickShard(shards.all, { gameId: "duel", except: new Set(["good"]) })).toBeUndefined();
  });

  it("takes none that the players' gateways have no link to", () => {
    const shards = new Shards();
    const near = shards.add(info("near"), 0);
    const far = shards.add(info("far", { region: "us" }), 0);
    expect(
      pickShard(shards.all, { gameId: "duel", region: "eu", except: NONE, usable: (shard) => shard !== near }),
    ).toBe(far);
    expect(pickShard(shards.all, { gameId: "duel", region: "eu", except: NONE, usable: () => false })).toBeUndefined();
  });

  it("knows another shard at the same address", () => {
    const shards = new Shards();
    const first = shards.add(info("first", { address: "here:1" }), 0);
    expect(shards.twinOf({ shardId: "second", address: "here:1" })).toBe(first);
    expect(shards.twinOf({ shardId: "first", address: "here:1" })).toBeUndefined(); // it has come back
  });

  it("prefers the region, and takes another rather than none", () => {
    const shards = new Shards();
    const eu = shards.add(info("eu"), 0);
    const us = shards.add(info("us", { region: "us" }), 0);
    eu.matches = 9;
    expect(pickShard(shards.all, { gameId: "duel", region: "eu", except: NONE })).toBe(eu);
    expect(pickShard(shards.all, { gameId: "duel", except: NONE })).toBe(us);
    expect(pickShard(shards.all, { gameId: "duel", region: "asia", except: NONE })).toBe(us);
  });
});
