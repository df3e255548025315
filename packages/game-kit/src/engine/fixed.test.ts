import { describe, expect, it } from "vitest";
import { ANGLES, angleOf, cos, isqrt, sin, UNIT } from "./fixed.ts";

describe("integer trigonometry", () => {
  it("is the rounded sine and cosine at every step, for any integer angle", () => {
    for (let angle = -ANGLES; angle < 2 * ANGLES; angle++) {
      const radians = (angle / ANGLES) * 2 * Math.PI;
      expect(Math.abs(sin(angle) - Math.sin(radians) * UNIT)).toBeLessThanOrEqual(0.51);
      expect(Math.abs(cos(angle) - Math.cos(radians) * UNIT)).toBeLessThanOrEqual(0.51);
    }
  });

  it("finds the angle of a vector to the nearest step", () => {
    for (let degrees = 0; degrees < 360; degrees++) {
      const radians = (degrees / 180) * Math.PI;
      const [dx, dy] = [Math.round(Math.cos(radians) * 20_000), Math.round(Math.sin(radians) * 20_000)];
      const wanted = (degrees / 360) * ANGLES;
      const off = Math.abs(((angleOf(dx, dy) - wanted + 384) % 256) - 128);
      expect(off).toBeLessThanOrEqual(0.52); // half a step, and the rounding of the vector itself
    }
  });

  it("takes exact integer square roots", () => {
    for (const n of [0, 1, 2, 3, 4, 15, 16, 17, 65_535, 65_536, 2 ** 31, 2 ** 40 - 1, 2 ** 40]) {
      const root = isqrt(n);
      expect(root * root).toBeLessThanOrEqual(n);
      expect((root + 1) ** 2).toBeGreaterThan(n);
    }
  });
});
