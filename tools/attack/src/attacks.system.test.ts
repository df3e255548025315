// The short variant of every attack: one system for all of them, a few seconds each. main.ts runs the long variant and prints
// the figures.
import { describeWithServers } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ATTACKS } from "./attacks/index.ts";
import { HonestProcess } from "./honest/process.ts";
import { runAttack } from "./run.ts";
import { type OwnTarget, startTarget } from "./target.ts";

const SECONDS = 2;
/** Judged is what happens under attack; the time before it only says, when one does not hold, what it would have been. */
const CALM_SECONDS = 0.5;
/** No other test runs beside, but the machine may be slower than the one that the limits were written on. */
const PATIENCE = 2;
const WITHIN_MS = 60_000;

describeWithServers("honest players", () => {
  let target: OwnTarget;
  let honest: HonestProcess;
  beforeAll(async () => {
    target = await startTarget();
    honest = new HonestProcess(target.url);
  }, WITHIN_MS * 2);
  afterAll(async () => {
    await honest[Symbol.asyncDispose]();
    await target[Symbol.asyncDispose]();
  }, WITHIN_MS);

  it.each(ATTACKS.map((attack) => ({ name: attack.name, attack })))(
    "do not lose by $name",
    { timeout: WITHIN_MS, retry: 1 },
    async ({ attack }) => {
      const { problems, calm, attacked, counts } = await runAttack(attack, {
        target,
        honest,
        seconds: Math.max(SECONDS, attack.secondsMin ?? 0),
        calmSeconds: CALM_SECONDS,
        patience: PATIENCE,
      });
      expect(problems, JSON.stringify({ calm, attacked, counts })).toEqual([]);
    },
  );
});
