import { expect, it } from "vitest";
import { percentile, seededRandom } from "./numbers.ts";

it("a percentile is one of the values, whatever their order, also the highest and of one alone", () => {
  const values = Array.from({ length: 200 }, (_, i) => 199 - i);
  expect([0, 0.5, 0.99, 1].map((share) => percentile(values, share))).toEqual([0, 100, 198, 199]);
  expect([percentile([7], 0.99), percentile([], 0.99)]).toEqual([7, undefined]);
});

it("a seed gives the same numbers again, spread from 0 up to 1", () => {
  const [one, again, other] = [seededRandom(3), seededRandom(3), seededRandom(4)];
  const some = Array.from({ length: 1000 }, one);
  expect(Array.from({ length: 1000 }, again)).toEqual(some);
  expect(other()).not.toBe(some[0]);
  expect(Math.min(...some)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...some)).toBeLessThan(1);
  expect(some.reduce((sum, value) => sum + value, 0) / some.length).toBeCloseTo(0.5, 1);
});
