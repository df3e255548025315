// The protocol of design/realtime/survival.md under thousands of random schedules: see protocol-model.ts.
import { describe, expect, it } from "vitest";
import { Model } from "./protocol-model.ts";

const SCHEDULES = 4000;

describe("the survival protocol", () => {
  it("keeps one authority, one log and one result through thousands of random schedules", () => {
    let [ended, moved] = [0, 0];
    for (let seed = 1; seed <= SCHEDULES; seed++) {
      const model = new Model(seed);
      model.run();
      model.settle();
      expect(model.check(), `seed ${seed}`).toEqual([]);
      ended += model.results.length;
      if (model.row.epoch > 1) moved++;
    }
    // The schedules are worth something: matches moved in most of them, and many came to their end.
    expect(moved).toBeGreaterThan(SCHEDULES / 2);
    expect(ended).toBeGreaterThan(SCHEDULES / 20);
  });
});
