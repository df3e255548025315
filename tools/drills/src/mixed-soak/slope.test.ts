import { seededRandom } from "@muster/testkit/numbers";
import { expect, it } from "vitest";
import { slopeOf } from "./slope.ts";

/** 20 min of samples, one every 5 s, that grow by so much an hour, with noise of ± 2. */
function samples(perHour: number, seed: number) {
  const random = seededRandom(seed);
  return Array.from({ length: 240 }, (_, i) => ({
    at: i * 5,
    value: 100 + (perHour * i * 5) / 3600 + (random() - 0.5) * 4,
  }));
}

it("finds the slope of a line, without an error", () => {
  const slope = slopeOf(
    Array.from({ length: 100 }, (_, i) => ({ at: i * 10, value: 3 + i })),
    60,
  );
  expect(slope?.perHour).toBeCloseTo(360);
  expect((slope?.high ?? 0) - (slope?.low ?? 0)).toBeLessThan(1e-6);
});

it("its interval has the true slope in about 95 of 100 cases, and 0 where nothing grows", () => {
  for (const perHour of [0, 30]) {
    const hits = Array.from({ length: 200 }, (_, seed) => slopeOf(samples(perHour, seed + 1), 60)).filter(
      (slope) => slope && slope.low <= perHour && perHour <= slope.high,
    ).length;
    expect(hits).toBeGreaterThan(180);
  }
});

it("tells growth of 30 an hour from none", () => {
  expect(slopeOf(samples(30, 1), 60)?.low).toBeGreaterThan(0);
});

it("says nothing of too few samples", () => {
  expect(slopeOf(samples(1, 1).slice(0, 30), 60)).toBeUndefined();
});
