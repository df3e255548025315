import { describe, expect, it } from "vitest";
import { InputRefusals, refilled } from "./limits.ts";

describe("the inputs of a socket", () => {
  it("are taken at a rate on average and twice that in a burst", () => {
    const limits = { inputsPerS: 10, floodPerS: 100 };
    expect(refilled(0, limits, 0.5)).toBe(5);
    expect(refilled(18, limits, 1)).toBe(20);
    expect(refilled(-7, limits, 0.1)).toBe(1);
    expect(refilled(Infinity, limits, 0)).toBe(20);
  });

  it("are a flood when they stay far above it, whatever the sweeps' pace", () => {
    const limits = { inputsPerS: 120, floodPerS: 2000 };
    for (const [perS, flood] of [
      [144, false],
      [1000, false],
      [2000, false],
      [3000, true],
      [10_000, true],
    ] as const)
      for (const sweepS of [0.1, 0.5, 1]) {
        let left = refilled(Infinity, limits, 0);
        let closed = false;
        for (let second = 0; second < 10; second += sweepS) {
          left -= perS * sweepS;
          closed ||= left < -limits.floodPerS;
          left = refilled(left, limits, sweepS);
        }
        expect(closed, `${perS} a second, swept every ${sweepS} s`).toBe(flood);
      }
  });

  it("are told at most once a second when refused, with their number, and end it when there are too many in ten seconds", () => {
    const refusals = new InputRefusals(5);
    expect(refusals.add("input_malformed", 0)).toBe(true);
    expect(refusals.take(0)).toEqual([["input_malformed", 1]]);
    refusals.add("input_malformed", 1);
    refusals.add("input_too_early", 2);
    expect(refusals.take(3)).toEqual([]);
    expect(refusals.take(1001)).toEqual([
      ["input_malformed", 1],
      ["input_too_early", 1],
    ]);
    const bad = (now: number): boolean => refusals.add("input_malformed", now);
    expect([bad(1002), bad(1002), bad(1002)]).toEqual([true, true, false]);
    expect(bad(12_000)).toBe(true);
  });

  it("never end it for being too many or too late, nor for being outdated just after the seat was taken or given back", () => {
    const refusals = new InputRefusals(2);
    for (let i = 0; i < 1000; i++) {
      expect(refusals.add("input_too_fast", i)).toBe(true);
      expect(refusals.add("input_overflow", i)).toBe(true);
      expect(refusals.add("input_too_late", i)).toBe(true);
    }
    refusals.changed(2000);
    for (const code of ["input_too_early", "input_out_of_order", "not_in_match"] as const)
      for (let i = 0; i < 100; i++) expect(refusals.add(code, 6999)).toBe(true);
    const early = (): boolean => refusals.add("input_too_early", 7001);
    expect([early(), early(), early()]).toEqual([true, true, false]);
  });
});
