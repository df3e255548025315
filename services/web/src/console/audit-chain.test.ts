import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { type AuditEntry, checkChain } from "./audit-chain.ts";

/** As packages/audit computes it. */
function chained(reasons: readonly string[]): AuditEntry[] {
  let before = Buffer.alloc(32);
  return reasons.map((reason, i) => {
    const entry = {
      position: i + 1,
      at: new Date(1_800_000_000_000 + i).toISOString(),
      actor: "operator",
      action: "player_banned",
      target: "somebody",
      reason,
      traceId: "",
    };
    before = createHash("sha256")
      .update(before)
      .update(JSON.stringify(Object.values(entry)))
      .digest();
    return { ...entry, hash: before.toString("hex") };
  });
}

const LOG = chained(["spam", "ünkind", 'says "no"']);

it("a log that nobody touched is intact", async () => {
  expect(await checkChain(LOG)).toEqual({ intact: true, entries: 3 });
  expect(await checkChain([])).toEqual({ intact: true, entries: 0 });
});

it.each(["at", "actor", "action", "target", "reason", "traceId", "hash"] as const)(
  "an entry whose %s was changed breaks the chain there",
  async (field) => {
    const changed = LOG.map((entry) => (entry.position === 2 ? { ...entry, [field]: "00" } : entry));
    expect(await checkChain(changed)).toEqual({ intact: false, position: 2, fault: "changed" });
  },
);

it("an entry that was taken out, replaced by another valid one, or put elsewhere breaks the chain", async () => {
  expect(await checkChain(LOG.filter(({ position }) => position !== 2))).toMatchObject({
    position: 3,
    fault: "missing",
  });
  expect(await checkChain(LOG.slice(1))).toMatchObject({ position: 2, fault: "missing" });
  const other = chained(["spam", "another one"])[1] as AuditEntry;
  expect(await checkChain([LOG[0] as AuditEntry, other, LOG[2] as AuditEntry])).toMatchObject({
    position: 3,
    fault: "changed",
  });
});
