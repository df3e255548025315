// The short variant of the survival drill: few matches, the same faults, the same proof. The drill, not this test, measures
// how long players wait.
import { describeWithServers } from "@muster/testkit";
import { expect, it } from "vitest";
import { drill, SCENARIOS } from "./scenarios.ts";

const MATCHES = 4;
/** `MUSTER_DRILLS=all`, as scripts/drills.sh sets it. */
const ALL = process.env["MUSTER_DRILLS"] === "all";
/** Each of the others breaks a part of what one of these breaks: `both-killed`, or the leaving processes of `rolling-restart`. */
const USUAL = ["shard-stopped", "both-killed", "rolling-restart", "shards-full"];
const WITHIN_MS = 90_000;

describeWithServers("matches survive", () => {
  it.each(ALL ? Object.keys(SCENARIOS) : USUAL)(
    "%s: every match goes on, and nothing that a player saw is lost",
    async (name) => {
      const report = await drill(name, { matches: MATCHES, seed: 7, progress: () => undefined });
      expect(report.proof.problems).toEqual([]);
      expect(report.proof.compared).toBeGreaterThan(MATCHES * 100);
      expect(Object.values(report.proof.epochs).reduce((a, b) => a + b, 0)).toBe(MATCHES);
    },
    WITHIN_MS,
  );
});
