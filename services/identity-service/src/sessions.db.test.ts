import { argon2Sync, randomUUID } from "node:crypto";
import { IdentityService } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { anyMethods } from "@muster/resilience/testing";
import { createRpcClient } from "@muster/rpc";
import { describeWithMariadb } from "@muster/testkit";
import { TokenVerifier, revocationFeedFrom } from "@muster/tokens";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { findAccountWithPassword, lockAccount, updateCredentials } from "./store/accounts.ts";

const PASSWORD = "correct horse battery";

describeWithMariadb("refresh-token families", () => {
  let harness: Harness;
  let names = 0;
  beforeAll(async () => {
    harness = await startHarness({ IDENTITY_REFRESH_GRACE_S: "10" });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const open = async (deviceId = ""): Promise<{ playerId: string; refreshToken: string; name: string }> => {
    const name = `player-${++names}x`;
    const { profile, tokens } = await harness.call.register({ name, password: PASSWORD, deviceId });
    return { playerId: profile?.playerId as string, refreshToken: tokens?.refreshToken as string, name };
  };
  const refresh = async (refreshToken: string): Promise<string> =>
    (await harness.call.refresh({ refreshToken })).tokens?.refreshToken as string;
  const guest = async (): Promise<string> =>
    (await harness.call.logInGuest({ deviceKey: randomUUID() })).tokens?.refreshToken as string;
  const refused = { code: "bad_refresh_token" };

  it("give the same successor to both of two uses at the same instant, and it works", async () => {
    for (let round = 0; round < 10; round++) {
      const { refreshToken } = await open();
      const [one, other] = await Promise.all([refresh(refreshToken), refresh(refreshToken)]);
      expect(one).toBe(other);
      await refresh(one);
    }
  });

  it.each([9, 15, 86_400])(
    "give the same successor to a repeat after %i s while it is unused: the answer was lost",
    async (s) => {
      const refreshToken = await guest();
      const next = await refresh(refreshToken);
      harness.advance(s);
      expect(await refresh(refreshToken)).toBe(next);
      harness.advance(s);
      expect(await refresh(refreshToken)).toBe(next);
      await refresh(next);
    },
  );

  it.each([5, 3600])(
    "end when a token comes back after its successor was used, %i s later: for the thief and the owner",
    async (s) => {
      const { refreshToken, playerId } = await open();
      const second = await refresh(refreshToken);
      const third = await refresh(second);
      harness.advance(s);
      await expect(refresh(refreshToken)).rejects.toMatchObject(refused);
      await expect(refresh(third)).rejects.toMatchObject(refused);
      const [entry] = await harness.db
        .selectFrom("audit_log")
        .select(["actor", "action", "target", "reason"])
        .orderBy("position", "desc")
        .limit(1)
        .execute();
      const { id } = await harness.db
        .selectFrom("token_families")
        .select("id")
        .where("account_id", "=", playerId)
        .executeTakeFirstOrThrow();
      expect(entry).toEqual({
        actor: "system",
        action: "refresh_token_reused",
        target: playerId,
        reason: `family ${id}`,
      });
    },
  );

  it("end for both when an old token was stolen, whoever of the two comes back second", async () => {
    const stolen = [await guest(), await guest()] as const;
    const [first, second] = [await refresh(stolen[0]), await refresh(stolen[1])];
    harness.advance(3600);
    const thiefs = await refresh(await refresh(await refresh(stolen[0]))); // the owner's, and two more
    harness.advance(3600);
    await expect(refresh(first)).rejects.toMatchObject(refused);
    await expect(refresh(thiefs)).rejects.toMatchObject(refused);

    const owners = await refresh(second);
    await expect(refresh(stolen[1])).rejects.toMatchObject(refused);
    await expect(refresh(owners)).rejects.toMatchObject(refused);
  });

  it("end when two refresh in step, each of them late, one exchange after the other: they are two", async () => {
    const refreshToken = await guest();
    let token = refreshToken;
    const exchanged = async (): Promise<string> => {
      const next = await refresh(token);
      harness.advance(300);
      expect(await refresh(token)).toBe(next);
      harness.advance(300);
      return next;
    };
    for (let late = 0; late < 3; late++) token = await exchanged();
    await expect(exchanged()).rejects.toMatchObject(refused);
  });

  it("take late repeats for bad luck where exchanges without them lie between, and any number within the grace", async () => {
    const refreshToken = await guest();
    let token = refreshToken;
    for (let round = 0; round < 12; round++) {
      const next = await refresh(token);
      harness.advance(round % 4 === 3 ? 0 : 15); // three late ones, then one in time
      for (let repeat = 0; repeat < 3; repeat++) expect(await refresh(token)).toBe(next); // three tabs
      token = next;
      harness.advance(600);
    }
  });

  it("know reuse from a repeat at the same instant, whichever of repeat and use of the successor is first", async () => {
    for (let round = 0; round < 20; round++) {
      const refreshToken = await guest();
      const second = await refresh(refreshToken);
      harness.advance(15);
      const use = round % 2 === 0 ? refresh(second) : undefined;
      const repeat = refresh(refreshToken);
      const [repeated, used] = await Promise.allSettled([repeat, use ?? refresh(second)]);
      if (used.status === "rejected") throw used.reason; // the right one never loses by it
      if (repeated.status === "fulfilled") {
        expect(repeated.value).toBe(second); // it was first
        await refresh(used.value);
      } else {
        expect(repeated.reason).toMatchObject(refused); // it was second: reuse
        await expect(refresh(used.value)).rejects.toMatchObject(refused);
      }
    }
  });

  it("are not known by a token that nobody was given: it cannot be refreshed, and whoever logs out with it is logged out", async () => {
    const unknown = "x".repeat(43);
    await expect(refresh(unknown)).rejects.toMatchObject(refused);
    await harness.call.logOut({ refreshToken: unknown });
  });

  it("end once: whoever logs out again ends no access tokens again", async () => {
    const refreshToken = await guest();
    const revocations = async (): Promise<number> =>
      (await harness.db.selectFrom("revocations").select("position").execute()).length;
    const before = await revocations();
    for (let i = 0; i < 2; i++) await harness.call.logOut({ refreshToken });
    expect(await revocations()).toBe(before + 1);
    await expect(refresh(refreshToken)).rejects.toMatchObject(refused);
  });

  it("end when they are not refreshed in time, and at the latest when the family does", async () => {
    await using short = await startHarness({ IDENTITY_REFRESH_TTL_S: "60", IDENTITY_FAMILY_TTL_S: "100" });
    const next = async (refreshToken: string): Promise<string> =>
      (await short.call.refresh({ refreshToken })).tokens?.refreshToken as string;
    const opened = async (): Promise<string> =>
      (await short.call.logInGuest({ deviceKey: randomUUID() })).tokens?.refreshToken as string;
    const [idle, used] = [await opened(), await opened()];
    short.advance(50);
    const second = await next(used);
    short.advance(11);
    await expect(next(idle)).rejects.toMatchObject(refused);
    const third = await next(second);
    short.advance(40); // the token would live on, the family does not
    await expect(next(third)).rejects.toMatchObject(refused);
  });

  it("are one per device: logging in again on a device ends its older session only", async () => {
    const { name, refreshToken: onPhone } = await open("phone-000000000000");
    const logIn = async (deviceId: string): Promise<string> =>
      (await harness.call.logIn({ name, password: PASSWORD, deviceId })).tokens?.refreshToken as string;
    const onLaptop = await logIn("laptop-00000000000");
    const onPhoneAgain = await logIn("phone-000000000000");
    await expect(refresh(onPhone)).rejects.toMatchObject(refused);
    await Promise.all([refresh(onLaptop), refresh(onPhoneAgain)]);
  });

  it("are listed, newest first, and ended one by one or all but one", async () => {
    const { name, playerId } = await open();
    for (const deviceLabel of ["second", "third"]) {
      harness.advance(1);
      await harness.call.logIn({ name, password: PASSWORD, deviceLabel });
    }
    const { devices } = await harness.call.listDevices({ playerId });
    expect(devices.map((device) => device.label)).toEqual(["third", "second", ""]);
    const [third, second, first] = devices.map((device) => device.familyId) as [string, string, string];
    await harness.call.revokeDevice({ playerId, familyId: second });
    await expect(harness.call.revokeDevice({ playerId, familyId: second })).rejects.toMatchObject({
      code: "device_not_found",
    });
    expect((await harness.call.revokeOtherDevices({ playerId, keepFamilyId: third })).revoked).toBe(1);
    expect((await harness.call.listDevices({ playerId })).devices.map((d) => d.familyId)).toEqual([third]);
    expect(first).not.toBe(third);
  });

  it("of another player cannot be ended", async () => {
    const [mine, other] = [await open(), await open()];
    const familyId = (await harness.call.listDevices({ playerId: other.playerId })).devices[0]?.familyId as string;
    await expect(harness.call.revokeDevice({ playerId: mine.playerId, familyId })).rejects.toMatchObject({
      code: "device_not_found",
    });
    await refresh(other.refreshToken);
  });

  it("are 50 at most: the oldest ends", async () => {
    const { name, playerId, refreshToken } = await open();
    for (let i = 0; i < 50; i++) {
      harness.advance(1);
      await harness.call.logIn({ name, password: PASSWORD });
    }
    expect((await harness.call.listDevices({ playerId })).devices).toHaveLength(50);
    await expect(refresh(refreshToken)).rejects.toMatchObject(refused);
  });

  it("end with a change of the password, but for the one that changed it", async () => {
    const { name, playerId, refreshToken } = await open();
    const other = (await harness.call.logIn({ name, password: PASSWORD })).tokens?.refreshToken as string;
    const keepFamilyId = (await harness.call.listDevices({ playerId })).devices.at(-1)?.familyId as string;
    const change = (currentPassword: string, newPassword: string): Promise<unknown> =>
      harness.call.changePassword({ playerId, keepFamilyId, currentPassword, newPassword });
    await expect(change("wrong", "another horse battery")).rejects.toMatchObject({ code: "bad_credentials" });
    await expect(change(PASSWORD, "12345678")).rejects.toMatchObject({ code: "weak_password" });
    await change(PASSWORD, "another horse battery");
    await expect(refresh(other)).rejects.toMatchObject(refused);
    await refresh(refreshToken);
    await expect(harness.call.logIn({ name, password: PASSWORD })).rejects.toMatchObject({ code: "bad_credentials" });
    await harness.call.logIn({ name, password: "another horse battery" });
  });

  /** Statements that wait for a row of that table. */
  const waitingFor = async (table: string): Promise<number> => {
    const { rows } = await sql<{ info: string | null }>`select info from information_schema.processlist`.execute(
      harness.db,
    );
    return rows.filter(({ info }) => new RegExp(`(from|update) \`${table}\``).test(info ?? "")).length;
  };

  it("end with a change of the password also where the log-in by the old one was under way", async () => {
    const { name, playerId } = await open();
    const keepFamilyId = (await harness.call.listDevices({ playerId })).devices[0]?.familyId as string;
    const passwords = { currentPassword: PASSWORD, newPassword: "another horse battery" };
    await using another = harness.build(); // in one, they would take turns
    await another.start();
    const elsewhere = createRpcClient({
      service: IdentityService,
      baseUrl: another.rpc.url,
      dependency: anyMethods(5000),
    });
    let isChanged = false;
    const [loggedIn, changed] = await inTransaction(harness.db, async (tx) => {
      await lockAccount(tx, playerId);
      const logIn = harness.call.logIn({ name, password: PASSWORD });
      await expect.poll(() => waitingFor("accounts"), { timeout: 10_000 }).toBe(1); // it was the right password
      const change = elsewhere.call.changePassword({ playerId, keepFamilyId, ...passwords });
      const done = change.then(() => (isChanged = true));
      await expect.poll(async () => isChanged || (await waitingFor("credentials")) > 0, { timeout: 10_000 }).toBe(true);
      return [logIn, done] as const;
    });
    await changed;
    const { tokens } = await loggedIn;
    await expect(refresh(tokens?.refreshToken as string)).rejects.toMatchObject(refused);
    await elsewhere.stop?.();
  });

  it("are not opened by a password that is another one by now, nor is the new one undone by a newer hash of the old one", async () => {
    const { name, playerId } = await open();
    const { password_phc: phc } = must(await findAccountWithPassword(harness.db, { id: playerId }), "registered");
    // The same password by weaker parameters, as an earlier version hashed.
    const [salt, tagLength] = [Buffer.alloc(16, 1), 32];
    const weak = { message: Buffer.from(PASSWORD), nonce: salt, memory: 1024, passes: 1, parallelism: 1, tagLength };
    const text = (bytes: Buffer): string => bytes.toString("base64").replace(/=+$/, "");
    const outdated = `$argon2id$v=19$m=1024,t=1,p=1$${text(salt)}$${text(argon2Sync("argon2id", weak))}`;
    await inTransaction(harness.db, (tx) => updateCredentials(tx, playerId, outdated));
    const logIn = await inTransaction(harness.db, async (tx) => {
      await updateCredentials(tx, playerId, phc, new Date()); // somebody changes it, and has not committed yet
      const begun = harness.call.logIn({ name, password: PASSWORD });
      begun.catch(() => undefined); // told below
      await expect.poll(() => waitingFor("credentials"), { timeout: 10_000 }).toBe(1);
      return { begun };
    });
    await expect(logIn.begun).rejects.toMatchObject({ code: "bad_credentials" });
    expect(await findAccountWithPassword(harness.db, { id: playerId })).toMatchObject({ password_phc: phc });

    await inTransaction(harness.db, (tx) => updateCredentials(tx, playerId, outdated));
    await Promise.all([1, 2].map(() => harness.call.logIn({ name, password: PASSWORD }))); // a newer hash is no other password
    expect((await findAccountWithPassword(harness.db, { id: playerId }))?.password_phc).toMatch(/m=47104/);
  });

  it("take their access tokens with them, also in an instance and a verifier that start afterwards", async () => {
    const { tokens } = await harness.call.logInGuest({ deviceKey: "revoked-guest-0000" });
    const accessToken = tokens?.accessToken as string;
    const before = new TokenVerifier(revocationFeedFrom(harness.call));
    const claims = await before.verify(accessToken);
    await harness.call.logOut({ refreshToken: tokens?.refreshToken as string });
    await before.refresh();
    expect(before.isRevoked(claims)).toBe(true);
    await using another = harness.build();
    await another.start();
    const later = new TokenVerifier(revocationFeedFrom(harness.call));
    await expect(later.verify(accessToken)).rejects.toMatchObject({ code: "token_revoked" });
  });

  it("are deleted when they have long ended, with their tokens", async () => {
    await using old = await startHarness({ IDENTITY_REFRESH_TTL_S: "60", IDENTITY_FAMILY_TTL_S: "60" });
    await old.call.logInGuest({ deviceKey: "old-guest-00000000" });
    old.advance(8 * 86_400);
    await using cleaner = old.build();
    await cleaner.start();
    await expect
      .poll(() => old.db.selectFrom("token_families").select("id").execute(), { timeout: 5000 })
      .toHaveLength(0);
    expect(await old.db.selectFrom("refresh_tokens").select("family_id").execute()).toHaveLength(0);
    expect(await old.db.selectFrom("accounts").select("id").execute()).toHaveLength(1);
  });
});
