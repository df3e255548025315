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
    const keep = async (): Promise<string> => {
      for (const rule of rules) await rule(1000);
      return metrics.metrics();
    };
    expect(await keep()).toMatch(/^identity_idempotency_keys_deleted_total 0$/m);
    at += DAY_MS + 60_000;
    const [, overdue] = /^identity_idempotency_keys_overdue_seconds (.*)$/m.exec(await metrics.metrics()) ?? [];
    expect(Number(overdue)).toBeGreaterThan(55); // nobody has followed the rules since
    const after = await keep();
    expect(after).toMatch(/^identity_idempotency_keys_deleted_total 1$/m);
    expect(after).toMatch(/^identity_idempotency_keys_overdue_seconds 0$/m);
    expect(await harness.db.selectFrom("idempotency_keys").select("holder").execute()).toEqual([]);
  });
});
