// Idempotency keys go a day after they came, and a metric says for how long one has stayed beyond that.
import { createMetrics } from "@muster/runtime";
import { describeWithMariadb } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";
import { measuredKeyRetention, retentionRules } from "./retention.ts";

const DAY_MS = 24 * 3600 * 1000;
const ID = "01a20ab2-2d4a-7326-a77a-b22eaf2e9f1e";

describeWithMariadb("idempotency keys that have ended", () => {
  it("are deleted, and are overdue for as long as they are not", async () => {
    await using harness = await startHarness();
    const claim = (key: string) =>
      harness.call.claimIdempotencyKey({
        playerId: ID,
        operation: "createThing",
        key,
        requestHash: new Uint8Array(32),
        holder: ID,
        holdMs: 1000,
      });
    await claim("first");
    let at = Date.now();
    const now = (): Date => new Date(at);
    const metrics = createMetrics("test");
    const rules = retentionRules(harness.db, now, measuredKeyRetention(metrics, now));
    const read = async (name: string): Promise<number> => {
      const { values } = (await metrics.getSingleMetric(`identity_idempotency_keys_${name}`)?.get()) ?? { values: [] };
      return values[0]?.value ?? NaN;
    };
    const keepHouse = async (): Promise<void> => {
      for (const rule of rules) await rule(1000);
    };
    await keepHouse();
    expect([await read("deleted_total"), await read("overdue_seconds")]).toEqual([0, 0]);
    at += DAY_MS + 60_000;
    expect(await read("overdue_seconds")).toBeGreaterThan(55); // nobody has kept house since
    await keepHouse();
    expect([await read("deleted_total"), await read("overdue_seconds")]).toEqual([1, 0]);
    expect(await harness.db.selectFrom("idempotency_keys").select("holder").execute()).toEqual([]);
  });
});
