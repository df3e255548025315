import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Churn } from "./churn.ts";
import { ADDRESS_FREE_MAX, COOLDOWN_FIRST_MS, COOLDOWN_MAX_MS, FORGOTTEN_MS, NoShows } from "./no-shows.ts";
import {
  PRACTICE_PER_ADDRESS_MAX,
  PRACTICE_START_EVERY_MS,
  PRACTICE_STARTS_MAX,
  PracticeQuotas,
} from "./practice-quotas.ts";

describe("no-shows", () => {
  it("cost time that doubles, up to a limit", () => {
    const noShows = new NoShows();
    const costs = Array.from({ length: 10 }, () => {
      noShows.add("ghost", "", [], 0);
      return noShows.cooldownMs("ghost", "", 0);
    });
    expect(costs.slice(0, 3)).toEqual([1, 2, 4].map((times) => times * COOLDOWN_FIRST_MS));
    expect(costs.at(-1)).toBe(COOLDOWN_MAX_MS);
    expect(noShows.cooldownMs("other", "", 0)).toBe(0);
  });

  it("are forgotten one by one, by time and by matches that the player comes to", () => {
    const noShows = new NoShows();
    for (let i = 0; i < 3; i++) noShows.add("ghost", "", ["victim"], 0);
    expect(noShows.cooldownMs("ghost", "", 4 * COOLDOWN_FIRST_MS)).toBe(0);
    expect(noShows.apart("ghost", "", FORGOTTEN_MS)?.victims.has("victim")).toBe(true);
    noShows.came("ghost", FORGOTTEN_MS);
    noShows.came("ghost", FORGOTTEN_MS);
    expect(noShows.apart("ghost", "", FORGOTTEN_MS)).toBeUndefined();
  });

  it("of newcomers are their address's, and weigh on newcomers there; not on who has come to a match", () => {
    const noShows = new NoShows();
    noShows.came("neighbour", 0);
    for (let i = 0; i <= ADDRESS_FREE_MAX; i++) {
      expect(noShows.cooldownMs("next", "here", 0)).toBe(0);
      noShows.add(`guest ${i}`, "here", [], 0);
    }
    expect(noShows.cooldownMs("next", "here", 0)).toBe(COOLDOWN_FIRST_MS);
    expect(noShows.apart("next", "here", 0)).toBeDefined();
    expect([noShows.cooldownMs("neighbour", "here", 0), noShows.cooldownMs("next", "there", 0)]).toEqual([0, 0]);
    for (let i = 0; i < 5; i++) noShows.add("neighbour", "there", [], 0);
    expect(noShows.cooldownMs("next", "there", 0)).toBe(0);
  });
});

describe("practice quotas", () => {
  it("let a player begin some at once, then one every so often", () => {
    const quotas = new PracticeQuotas();
    for (let i = 0; i < PRACTICE_STARTS_MAX; i++) {
      expect(quotas.waitMs("a", "", 0)).toBe(0);
      quotas.begun("a", 0);
    }
    expect(quotas.waitMs("a", "", 0)).toBe(PRACTICE_START_EVERY_MS);
    expect(quotas.waitMs("a", "", PRACTICE_START_EVERY_MS)).toBe(0);
    expect(quotas.waitMs("b", "", 0)).toBe(0);
  });

  it("never let an address have more at the same time, and count down to nothing", () => {
    const begin = fc.record({ id: fc.nat(60).map(String), end: fc.boolean() });
    fc.assert(
      fc.property(fc.array(begin, { maxLength: 300 }), (events) => {
        const quotas = new PracticeQuotas();
        const running = new Set<string>();
        for (const { id, end } of events) {
          if (end) {
            quotas.end(id);
            running.delete(id);
          } else if (!running.has(id) && quotas.waitMs("p", "here", 0) === 0) {
            quotas.begin(id, [{ address: "here" }]);
            running.add(id);
          }
          expect(running.size).toBeLessThanOrEqual(PRACTICE_PER_ADDRESS_MAX);
          expect(quotas.waitMs("p", "here", 0) > 0).toBe(running.size === PRACTICE_PER_ADDRESS_MAX);
        }
        for (const id of running) quotas.end(id);
        expect(quotas.waitMs("p", "here", 0)).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});

describe("churn", () => {
  it("leaves a player two tickets a second in the long run, and tells when the next one is taken", () => {
    const churn = new Churn();
    let taken = 0;
    for (let now = 0; now < 60_000; now += 20) {
      const waitMs = churn.take("a", now);
      if (waitMs === 0) taken++;
      else expect(waitMs).toBeLessThanOrEqual(500);
    }
    expect(taken).toBeLessThanOrEqual(20 + 120);
    expect(taken).toBeGreaterThan(120);
    expect(churn.take("b", 60_000)).toBe(0);
  });
});
