import { expect, it } from "vitest";
import { FreeSlots } from "./free-slots.ts";

it("slots are taken in rising order, round and round, each once until it is free again", () => {
  const free = new FreeSlots(3, 64);
  const taken = Array.from({ length: 61 }, () => free.take());
  expect(taken).toEqual(Array.from({ length: 61 }, (_, i) => 3 + i));
  expect(free.count).toBe(0);
  for (const slot of [40, 3, 31, 5]) free.add(slot);
  free.grow(128);
  expect(free.count).toBe(68);
  const next = Array.from({ length: 68 }, () => free.take());
  expect(next).toEqual([40, ...Array.from({ length: 64 }, (_, i) => 64 + i), 3, 5, 31]);
});
