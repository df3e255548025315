import { expect, it } from "vitest";
import { PlacementPace } from "./placement-pace.ts";

it("failures make fewer and later placements, those under way together once; what succeeds makes more again", () => {
  let now = 0;
  const pace = new PlacementPace(
    () => now,
    () => 1,
  );
  const all = pace.room;
  const burst = Array.from({ length: all }, () => pace.begin());
  expect(pace.room).toBe(0);
  now = 10;
  for (const end of burst) end("failed");
  expect(pace.room).toBe(0); // it rests
  now = 110;
  expect(pace.room).toBe(all / 2);
  for (let rests = 0; rests < 20; rests++) {
    now += 10_000;
    const end = pace.begin();
    now += 1;
    end("failed");
  }
  expect(pace.room).toBe(0);
  now += 5000; // and no longer than that
  const least = pace.room;
  expect(least).toBeGreaterThan(0);
  for (let i = 0; i < all; i++) pace.begin()("placed");
  expect(pace.room).toBe(all);
});

it("a group that no shard has room for, or whose player has left, slows nobody down", () => {
  const pace = new PlacementPace(
    () => 0,
    () => 0,
  );
  const all = pace.room;
  pace.begin()("neither");
  expect(pace.room).toBe(all);
});
