import fc from "fast-check";
import { expect, it } from "vitest";
import { strengthOf, winChance } from "./strength.ts";

const BETA = 25 / 6;
const rating = fc.record({
  mu: fc.double({ min: -10, max: 60, noNaN: true }),
  sigma: fc.double({ min: 0.5, max: 25 / 3, noNaN: true }),
});

it("predicts by the formula of the model, to a point", () => {
  fc.assert(
    fc.property(rating, rating, (a, b) => {
      const formula = 1 / (1 + Math.exp((b.mu - a.mu) / Math.sqrt(a.sigma ** 2 + b.sigma ** 2 + 2 * BETA ** 2)));
      const chance = winChance(strengthOf({ ...a, rating: 0 }), strengthOf({ ...b, rating: 0 }));
      expect(chance).toBeCloseTo(formula, 2); // ratings are whole points here: at most one of 400 that are ten to one
      expect(Math.abs(chance - formula)).toBeLessThan(0.0015);
    }),
  );
});

it("goes by the rating alone where a gateway knows no σ, on Elo's scale", () => {
  const old = (points: number) => strengthOf({ rating: points, mu: 0, sigma: 0 });
  expect(winChance(old(1900), old(1500))).toBeCloseTo(10 / 11, 10);
  expect(strengthOf({ rating: 7, mu: 25, sigma: 25 / 3 }).rating).toBe(1500);
});
