// Floods of what costs a password's hash: whoever is not part of one goes on as if there were none.
import { describeWithMariadb } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const PASSWORD = "correct horse battery";
const FLOOD_MS = 1800;
const AT_ONCE = 60;
/** Whoever logs in has no more patience. */
const WITHIN_MS = 2000;

describeWithMariadb("password floods", () => {
  let harness: Harness;
  let flooded = 0;
  beforeAll(async () => {
    harness = await startHarness({
      // What else would stop a flood: here the queues alone have to.
      IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1000000",
      IDENTITY_LOGIN_FREE_PER_ADDRESS: "1000000",
    });
    for (let i = 0; i < 20; i++)
      await harness.call.register({ name: `Patient-${i}`, password: PASSWORD, deviceId: device(i) });
  });
  afterAll(() => harness[Symbol.asyncDispose]());

  const device = (i: number): string => `device-0000000000-${i}`;
  const logIn = (i: number, known: boolean): Promise<unknown> =>
    harness.call.logIn(
      {
        name: `Patient-${i % 20}`,
        password: PASSWORD,
        clientAddress: `198.51.100.${i % 250}`,
        ...(known && { deviceId: device(i % 20) }),
      },
      { timeoutMs: WITHIN_MS },
    );
  const register = (from: string): Promise<unknown> =>
    harness.call.register(
      { name: `Flood-${flooded++}`, password: PASSWORD, clientAddress: from },
      { timeoutMs: WITHIN_MS },
    );
  const guess = (from: string): Promise<unknown> =>
    harness.call.logIn(
      { name: `Nobody-${flooded++}`, password: "wrong", clientAddress: from },
      { timeoutMs: WITHIN_MS },
    );
  const addressOf = (n: number): string => `203.${n % 100}.${Math.floor(n / 100) % 250}.1`;

  /** @returns of those who are no part of the flood, which share succeeded, and how the others failed */
  async function during(attack: (n: number) => Promise<unknown>, other: (i: number) => Promise<unknown>) {
    let attacks = 0;
    const until = performance.now() + FLOOD_MS;
    const attackers = Array.from({ length: AT_ONCE }, async () => {
      while (performance.now() < until)
        await attack(attacks++).catch(() => new Promise((resolve) => setTimeout(resolve, 20)));
    });
    const outcomes: Promise<string>[] = [];
    for (let i = 0; performance.now() < until; i++) {
      outcomes.push(
        other(i).then(
          () => "ok",
          ({ code }: { code: string }) => code,
        ),
      );
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    const all = await Promise.all(outcomes);
    await Promise.all(attackers);
    expect(attacks).toBeGreaterThan(2 * AT_ONCE); // it was one
    const failed = all.filter((outcome) => outcome !== "ok");
    return { share: 1 - failed.length / all.length, failed };
  }

  it.each([
    ["one address", () => "203.0.113.1"],
    ["many addresses", addressOf],
  ])("registrations from %s leave log-ins alive, of known devices and new ones", async (_of, from) => {
    const { share, failed } = await during(
      (n) => register(from(n)),
      (i) => logIn(i, i % 2 === 0),
    );
    expect(share, failed.join(", ")).toBeGreaterThanOrEqual(0.99);
  });

  it("log-ins from one address leave everybody else's alive, and registrations", async () => {
    const { share, failed } = await during(
      () => guess("203.0.113.1"),
      (i) => (i % 3 === 0 ? register(`192.0.2.${i}`) : logIn(i, i % 3 === 1)),
    );
    expect(share, failed.join(", ")).toBeGreaterThanOrEqual(0.99);
  });

  it("log-ins from many addresses leave those of known devices alive, and registrations", async () => {
    const { share, failed } = await during(
      (n) => guess(addressOf(n)),
      (i) => (i % 2 === 0 ? register(`192.0.2.${i}`) : logIn(i, true)),
    );
    expect(share, failed.join(", ")).toBeGreaterThanOrEqual(0.99);
  });
});
