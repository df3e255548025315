import { describe, expect, it } from "vitest";
import { admit } from "./rate.ts";

const RATE = { everyMs: 1000, burst: 5 };
const at = (ms: number): Date => new Date(1_800_000_000_000 + ms);

describe("a rate", () => {
  it("lets a burst through, then one at a time", () => {
    let nextAt = at(0);
    const taken: number[] = [];
    for (let ms = 0; ms < 10_000; ms += 100) {
      const admission = admit(nextAt, at(ms), RATE);
      if ("retryAfterMs" in admission) continue;
      nextAt = admission.nextAt;
      taken.push(ms);
    }
    expect(taken).toEqual([0, 100, 200, 300, 400, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
  });

  it.each([600_000, 24 * 3_600_000])("what a clock stored that was %d ms ahead keeps nobody waiting", (ahead) => {
    expect(admit(at(ahead), at(0), RATE)).toEqual({ nextAt: at(RATE.everyMs) });
  });

  it("a clock that is a little behind the one that stored it gives nothing away", () => {
    const used = at(RATE.burst * RATE.everyMs); // a burst that was used up just now, by the other clock
    for (const behindMs of [1, 100, 5000]) expect(admit(used, at(-behindMs), RATE)).toHaveProperty("retryAfterMs");
  });
});
