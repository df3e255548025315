import { describe, expect, it } from "vitest";
import { deviationOf, displayOf } from "./display.ts";
import { Meetings, MEETINGS_WINDOW_MS, pairWeight } from "./meetings.ts";
import { NEWCOMER } from "./rate-match.ts";
import { seasonAt, softReset } from "./seasons.ts";

const seasons = [
  { season: 1, name: "first", startsAtMs: 0 },
  { season: 2, name: "second", startsAtMs: 1000 },
];

describe("a season", () => {
  it("has what ended from its beginning on, and the first one all that came before", () => {
    expect([-5, 0, 999, 1000, 5000].map((at) => seasonAt(seasons, at).season)).toEqual([1, 1, 1, 2, 2]);
  });

  it("makes everyone less sure, at most as unsure as a newcomer, and never surer", () => {
    expect(softReset(2, 0)).toBe(2);
    expect(softReset(2, 1)).toBeCloseTo(Math.hypot(2, 25 / 12), 12);
    expect(softReset(2, 2)).toBeCloseTo(Math.hypot(2, 25 / 12, 25 / 12), 12);
    expect(softReset(8, 40)).toBe(NEWCOMER.sigma);
    expect(softReset(9, 1)).toBe(9);
  });
});

it("the display rating is what one certainly has: 1000 for a newcomer, never below 0", () => {
  expect(displayOf(NEWCOMER)).toBe(1000);
  expect(deviationOf(NEWCOMER)).toBe(333);
  expect(displayOf({ mu: 25, sigma: 1.2 })).toBe(1856);
  expect(displayOf({ mu: -20, sigma: 8 })).toBe(0);
});

describe("meetings of two", () => {
  it("count in full three times, and then half as much each time", () => {
    expect([0, 1, 2, 3, 4].map(pairWeight)).toEqual([1, 1, 1, 0.5, 0.25]);
    const day = Array.from({ length: 500 }, (_, before) => pairWeight(before)).reduce((a, b) => a + b);
    expect(day).toBeLessThanOrEqual(4);
  });

  it("are the matches that both were in, within the window", () => {
    const meetings = new Meetings();
    const at = (matchId: string, endedAtMs: number) => ({ matchId, endedAtMs });
    for (const [id, match] of [
      ["a", at("1", 0)],
      ["b", at("1", 0)],
      ["a", at("2", 10)],
      ["c", at("2", 10)],
      ["a", at("3", 20)],
      ["b", at("3", 20)],
    ] as const)
      meetings.add(id, match);
    expect(meetings.count("a", "b", at("4", 30))).toBe(2);
    expect(meetings.count("b", "a", at("4", 30))).toBe(2);
    expect(meetings.count("a", "c", at("4", 30))).toBe(1);
    expect(meetings.count("b", "c", at("4", 30))).toBe(0);
    expect(meetings.count("a", "b", at("4", MEETINGS_WINDOW_MS))).toBe(2);
    expect(meetings.count("a", "b", at("4", MEETINGS_WINDOW_MS + 1))).toBe(1);
    meetings.add("a", at("5", MEETINGS_WINDOW_MS + 15));
    expect(meetings.count("a", "c", at("6", MEETINGS_WINDOW_MS + 15))).toBe(0);
  });
});
