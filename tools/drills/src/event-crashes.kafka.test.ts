// The short variant of the drill of the event kit: scripts/drills.sh runs a hundred seeds.
import { describeWithKafka, freshDatabases, freshTopicPrefix, kafkaBrokers } from "@muster/testkit";
import { expect, it } from "vitest";
import { EventDrill } from "./event-crashes-load.ts";

describeWithKafka("events between processes that are killed and stopped", () => {
  it("have their effects once and in order, and no others have any", { timeout: 120_000 }, async () => {
    const { "match-service": databaseUrl } = await freshDatabases();
    await using drill = await EventDrill.open({ databaseUrl, brokers: kafkaBrokers(), prefix: freshTopicPrefix() });
    const report = await drill.run(Number(process.env["MUSTER_DRILL_SEED"] ?? Date.now() % 1e6));
    expect(report.problems, `seed ${report.seed}: ${report.crashes.join(", ")}`).toEqual([]);
    expect(report.events).toBeGreaterThan(0);
  });
});
