// The short variant of the drills of cascade.ts: a service that is silent, and a database that stands still. What depends on an idle machine
// (pauses of matches, memory) is judged by the long one alone.
import { describeWithServers } from "@muster/testkit";
import { expect, it } from "vitest";
import { runDrill } from "./cascade/drill.ts";
import { CASCADE_DRILLS } from "./cascade/drills.ts";

const SHORT = { warmUpS: 2, perS: 30, pairs: 1, beforeS: 2, faultS: 6, afterS: 5, seed: 1 };
const JUDGED_HERE =
  /^(unaffected|amplification|recovery|\d+ (answers were 500|requests had no answer)|a process died|a match ended)/;

describeWithServers("a part that fails under load", () => {
  it.each(["identity-silent", "database-stands-still"])(
    "costs what depends on it, for as long as it lasts: %s",
    async (name) => {
      const drill = CASCADE_DRILLS.find((one) => one.name === name);
      if (!drill) throw new Error(`no drill ${name}`);
      const { problems, statuses } = await runDrill(drill, { ...SHORT, progress: () => undefined });
      expect(problems.filter((problem) => JUDGED_HERE.test(problem))).toEqual([]);
      expect(statuses[503] ?? 0, "the fault was felt").toBeGreaterThan(0);
      expect(statuses[200] ?? 0).toBeGreaterThan(20);
    },
    90_000,
  );
});
