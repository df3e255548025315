import { expect, it } from "vitest";
import { Breaker } from "./breaker.ts";

function breakerAt(start = 0) {
  const clock = { now: start };
  return { clock, breaker: new Breaker({ failuresMax: 3, openMs: 1000 }, () => clock.now) };
}

it("stops asking after failures in a row, and lets one call try when the pause is over", () => {
  const { clock, breaker } = breakerAt();
  for (const code of ["unavailable", "deadline_exceeded", "unavailable"]) {
    breaker.admit();
    breaker.ended(code);
  }
  expect(breaker.reason).toBe("the last 3 calls failed");
  expect(() => breaker.admit()).toThrow(expect.objectContaining({ code: "unavailable", details: { retryAfterS: 1 } }));
  clock.now = 1000;
  breaker.admit();
  expect(() => breaker.admit(), "only one tries").toThrow();
  breaker.ended("unavailable");
  clock.now = 1999;
  expect(() => breaker.admit()).toThrow();
  clock.now = 2000;
  breaker.admit();
  breaker.ended(undefined);
  expect(breaker.reason).toBeUndefined();
  breaker.admit();
  breaker.admit();
});

it("counts neither refusals nor failures with an answer between them", () => {
  const { breaker } = breakerAt();
  for (const code of ["unavailable", "unavailable", undefined, "unavailable", "unavailable", "season_not_found"])
    breaker.ended(code);
  for (let i = 0; i < 10; i++) breaker.ended("not_on_leaderboard");
  breaker.admit();
  expect(breaker.reason).toBeUndefined();
});
