// What unauthenticated clients may cost: new accounts, useless hashing, and revocations that affect others.
import { Role } from "@muster/contracts/identity/v2";
import { describeWithMariadb } from "@muster/testkit";
import { TokenVerifier, revocationFeedFrom } from "@muster/tokens";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const PASSWORD = "correct horse battery";

interface Refusal {
  readonly code: string;
  readonly details?: { readonly retryAfterS?: number };
}

describeWithMariadb("an unauthenticated client", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "20",
      IDENTITY_ACCOUNTS_PER_ADDRESS_PER_MIN: "1",
    });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const codeOf = (call: Promise<unknown>): Promise<Refusal> =>
    call.then(
      () => ({ code: "ok" }),
      (err: Refusal) => err,
    );
  const accounts = async (like: string): Promise<number> =>
    (await harness.db.selectFrom("accounts").select("id").where("name", "like", like).execute()).length;

  it("makes so many accounts from one address and then some a minute; what exists goes on logging in", async () => {
    const guest = (number: number, clientAddress: string): Promise<Refusal> =>
      codeOf(harness.call.logInGuest({ deviceKey: `device-key-${String(number).padStart(6, "0")}`, clientAddress }));
    for (let i = 0; i < 20; i++) expect((await guest(i, `2001:db8:7::${i}`)).code).toBe("ok");
    const refused = await guest(20, "2001:db8:7::ffff");
    expect(refused.code).toBe("too_many_accounts");
    expect(refused.details?.retryAfterS).toBeLessThanOrEqual(60);
    expect(refused.details?.retryAfterS).toBeGreaterThan(0);
    const registration = harness.call.register({
      name: "Latecomer",
      password: PASSWORD,
      clientAddress: "2001:db8:7::1",
    });
    expect((await codeOf(registration)).code).toBe("too_many_accounts");
    expect((await guest(3, "2001:db8:7::1")).code).toBe("ok");
    expect((await guest(21, "2001:db8:8::1")).code).toBe("ok");
    harness.advance(60);
    expect((await guest(20, "2001:db8:7::1")).code).toBe("ok");
    expect((await guest(22, "2001:db8:7::1")).code).toBe("too_many_accounts");
  });

  it("costs no hash for a name that is taken, in any spelling that makes it one name", async () => {
    await using small = await startHarness({ IDENTITY_HASHING_QUEUE_MAX: "0" });
    await small.call.register({ name: "Taken", password: PASSWORD });
    const flood = Array.from({ length: 12 }, (_, i) =>
      codeOf(small.call.register({ name: `busy-${i}`, password: PASSWORD })),
    );
    for (const name of ["taken", "TAKEN", "Takеn".replace("е", "e")])
      expect((await codeOf(small.call.register({ name, password: PASSWORD }))).code).toBe("name_taken");
    await Promise.all(flood);
  });

  it("has no account made, and nothing hashed, once it waits no more", async () => {
    const asked = Array.from({ length: 30 }, (_, i) =>
      codeOf(
        harness.call.register(
          { name: `gone-${i}`, password: PASSWORD, clientAddress: `198.51.100.${i}` },
          { timeoutMs: 60 + i * 20 },
        ),
      ),
    );
    const made = (await Promise.all(asked)).filter(({ code }) => code === "ok").length;
    // Whoever was told "ok" has one; whoever was not may only have one when the answer was lost in the last instant.
    await new Promise((resolve) => setImmediate(resolve));
    const stored = await accounts("gone-%");
    expect(stored - made).toBeGreaterThanOrEqual(0);
    expect(stored - made).toBeLessThanOrEqual(1);
    expect(made).toBeLessThan(30);
  });

  it("that registers again and again leaves log-ins alive", async () => {
    await harness.call.register({ name: "Regular", password: PASSWORD, deviceId: "regular-device-0000" });
    const flood = Array.from({ length: 48 }, (_, i) =>
      codeOf(harness.call.register({ name: `flood-${i}`, password: PASSWORD, clientAddress: "203.0.113.1" })),
    );
    const logIns = await Promise.all(
      Array.from({ length: 5 }, () =>
        codeOf(harness.call.logIn({ name: "regular", password: PASSWORD, clientAddress: "203.0.113.2" })),
      ),
    );
    expect(logIns.map(({ code }) => code)).toEqual(Array(5).fill("ok"));
    await Promise.all(flood);
  });

  it("gets a token that is good after a revocation in the same instant, and loses every token from before it", async () => {
    const { profile: admin } = await harness.call.register({ name: "Chief", password: PASSWORD });
    await harness.raw(`update accounts set role = 'admin' where id = '${admin?.playerId}'`);
    const device = { deviceKey: "token-device-0123456" };
    const { profile } = await harness.call.logInGuest(device);
    const playerId = profile?.playerId as string;
    const tokens = new TokenVerifier(revocationFeedFrom(harness.call), 0);
    for (let round = 0; round < 25; round++) {
      const before = (await harness.call.logInGuest(device)).tokens?.accessToken as string;
      await harness.call.setRole({ actorId: admin?.playerId as string, playerId, role: Role.PLAYER, reason: "round" });
      const after = (await harness.call.logInGuest(device)).tokens?.accessToken as string;
      await tokens.refresh();
      await expect(tokens.verify(before), "from before").rejects.toMatchObject({ code: "token_revoked" });
      expect((await tokens.verify(after)).playerId).toBe(playerId);
      expect((decodeJwt(after).iat as number) - (decodeJwt(before).iat as number)).toBeLessThan(5);
    }
  });

  it("has no token with a role that was taken, however close its issue and the change lie together", async () => {
    const { profile: admin } = await harness.call.register({ name: "Fickle", password: PASSWORD });
    await harness.raw(`update accounts set role = 'admin' where id = '${admin?.playerId}'`);
    const device = { deviceKey: "fickle-device-012345" };
    const first = await harness.call.logInGuest(device);
    const playerId = first.profile?.playerId as string;
    const tokens = new TokenVerifier(revocationFeedFrom(harness.call), 0);
    let refreshToken = (await harness.call.logInGuest({ deviceKey: device.deviceKey })).tokens?.refreshToken as string;
    const refresh = async (): Promise<string> => {
      const pair = (await harness.call.refresh({ refreshToken })).tokens;
      refreshToken = pair?.refreshToken as string;
      return pair?.accessToken as string;
    };
    for (let round = 0; round < 25; round++) {
      const role = round % 2 === 0 ? Role.MODERATOR : Role.PLAYER;
      const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
      const change = later(round % 7).then(() =>
        harness.call.setRole({ actorId: admin?.playerId as string, playerId, role, reason: "round" }),
      );
      const issued: string[] = [];
      await Promise.all([
        change,
        (async () => {
          for (let i = 0; i < 4; i++) issued.push(await refresh());
        })(),
      ]);
      issued.push(await refresh());
      await tokens.refresh();
      const said = await Promise.all(issued.map((token) => tokens.verify(token).catch((err: Refusal) => err.code)));
      for (const one of said)
        if (typeof one !== "string")
          expect(one.role, `round ${round}`).toBe(role === Role.MODERATOR ? "moderator" : "player");
      expect(said.at(-1), `round ${round}`).toMatchObject({ playerId });
    }
  }, 60_000);
});

describeWithMariadb("signing keys that were taken away", () => {
  it("sign nothing more, in a running instance too, which says that it is not ready", async () => {
    await using harness = await startHarness({ IDENTITY_KEY_CHECK_MS: "20" });
    const guest = (): Promise<Refusal> =>
      harness.call.logInGuest({ deviceKey: "key-device-01234567" }).then(
        () => ({ code: "ok" }),
        (err: Refusal) => err,
      );
    expect((await guest()).code).toBe("ok");
    await harness.raw("delete from signing_keys");
    const ready = async (): Promise<number> => (await fetch(`${harness.app.admin.url}/readyz`)).status;
    await expect.poll(ready).toBe(503);
    expect((await guest()).code).toBe("unavailable");
    expect((await harness.call.getJwks({})).jwksJson).toBe('{"keys":[]}');
    await using fresh = harness.build();
    await fresh.start();
    await expect.poll(ready).toBe(200);
    expect((await guest()).code).toBe("ok");
  });
});
