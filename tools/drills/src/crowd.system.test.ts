// The short variant of the crowd drill, with real processes.
import { describeWithServers } from "@muster/testkit";
import { expect, it } from "vitest";
import { drillCrowd } from "./crowd-load.ts";

describeWithServers("a crowd, and a match-service at a quarter of its speed", () => {
  it("is matched, all of it, and leaves no match that no shard holds", async () => {
    const clients = 40;
    const report = await drillCrowd({ clients, runShare: 0.25, churnMs: 5000, progress: () => undefined });
    expect(report.notMatched).toEqual({});
    expect(report.matched).toBe(clients);
    expect(report.ranShare).toBeLessThan(0.5); // it was slow
    expect(report.churned).toBeGreaterThan(clients);
    expect(report.unheld).toBe(0);
  }, 120_000);
});
