// The short variant of the restarts drill: each callee is restarted once, as a real process, under some load.
import { describeWithServers } from "@muster/testkit";
import { expect, it } from "vitest";
import { CALLEES, drillRestarts } from "./restart-load.ts";

describeWithServers("a callee that restarts under load", () => {
  it("ends no other process, and no request is answered with 500 or not at all", async () => {
    const reports = await drillRestarts({
      callees: CALLEES,
      restarts: 1,
      perS: 50,
      pauseMs: 400,
      progress: () => undefined,
    });
    for (const { callee, statuses, deaths } of reports) {
      expect(deaths, callee).toEqual([]);
      expect([statuses[500] ?? 0, statuses[0] ?? 0], callee).toEqual([0, 0]);
      expect(statuses[200], callee).toBeGreaterThan(10);
    }
  }, 120_000);
});
