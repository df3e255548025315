// Unknown devices that solve a challenge for every attempt still cannot keep the owner out.
import { describeWithMariadb } from "@muster/testkit";
import { expect, it } from "vitest";
import { startHarness } from "../test/harness.ts";
import type { Challenges } from "./challenges.ts";
import { createThrottle } from "./throttle.ts";

/** Everybody has paid. */
const paid: Challenges = {
  issue: (_subject, bits) => ({ kind: "proof_of_work", challenge: "", bits }),
  redeem: async () => true,
};

describeWithMariadb("attempts at one account", () => {
  it("take turns by network: a crowd that pays delays the owner by one turn", async () => {
    await using harness = await startHarness();
    const now = (): Date => new Date();
    const throttle = createThrottle({ freePerAccount: 5, freePerAddress: 50, delayMaxS: 900, challenges: paid, now });
    const begun: string[] = [];
    const gates: (() => void)[] = [];
    const attempt = (address: string): Promise<boolean> =>
      throttle.attempt(harness.db, { kind: "unknown", account: "owner", address, proof: "paid" }, async () => {
        begun.push(address);
        await new Promise<void>((resolve) => gates.push(resolve));
        return address === "owner's";
      });
    const crowd = Array.from({ length: 90 }, (_, i) => attempt(`192.0.2.${i % 3}`).catch((err: Error) => err));
    await expect.poll(() => begun.length, { timeout: 10_000 }).toBe(3);
    const owner = attempt("owner's");
    let done = false;
    const settled = owner.then(() => (done = true));
    await expect
      .poll(
        () => {
          gates.shift()?.();
          return done;
        },
        { timeout: 20_000, interval: 20 },
      )
      .toBe(true);
    expect([await owner, await settled]).toEqual([true, true]);
    expect(begun.indexOf("owner's")).toBeLessThan(12); // three networks, three at once, the turns under way
    await expect
      .poll(
        () => {
          for (const open of gates.splice(0)) open();
          return begun.length;
        },
        { timeout: 20_000 },
      )
      .toBeGreaterThan(40);
    const letGo = setInterval(() => {
      for (const open of gates.splice(0)) open();
    }, 10);
    const outcomes = await Promise.all(crowd);
    clearInterval(letGo);
    for (const outcome of outcomes) if (outcome instanceof Error) expect(outcome).toMatchObject({ code: "busy" });
  }, 60_000);
});
