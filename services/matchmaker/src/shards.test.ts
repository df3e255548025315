import { describe, expect, it } from "vitest";
import { type LiveShard, Shards } from "./shards.ts";

const info = (shardId: string, more = {}): Parameters<Shards["add"]>[0] => ({
  shardId,
  address: `${shardId}:1`,
  capacity: 10,
  region: "eu",
  renewsLeases: true,
  builds: new Map([["duel", "1"]]),
  ...more,
});
const NONE: ReadonlySet<string> = new Set();

describe("placement", () => {
  it("takes the least loaded by share of its capacity, counting what was just given", () => {
    const shards = new Shards();
    const [small, large] = [shards.add(info("small")), shards.add(info("large", { capacity: 100 }))] as [
      LiveShard,
      LiveShard,
    ];
    small.matches = 2;
    large.matches = 10;
    expect(shards.pick("duel", "", NONE)).toBe(large);
    large.given = 15;
    expect(shards.pick("duel", "", NONE)).toBe(small);
  });

  it("takes none that is full, stopping, excluded, gone or without the game", () => {
    const shards = new Shards();
    const full = shards.add(info("full"));
    full.matches = 10;
    shards.add(info("stopping")).draining = true;
    shards.add(info("other", { builds: new Map([["chess", "1"]]) }));
    shards.remove(shards.add(info("gone")));
    const good = shards.add(info("good"));
    expect(shards.pick("duel", "", NONE)).toBe(good);
    expect(shards.pick("duel", "", new Set(["good"]))).toBeUndefined();
  });

  it("prefers the region, and takes another rather than none", () => {
    const shards = new Shards();
    const eu = shards.add(info("eu"));
    const us = shards.add(info("us", { region: "us" }));
    eu.matches = 9;
    expect(shards.pick("duel", "eu", NONE)).toBe(eu);
    expect(shards.pick("duel", "", NONE)).toBe(us);
    expect(shards.pick("duel", "asia", NONE)).toBe(us);
  });
});
