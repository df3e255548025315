import { randomUUID } from "node:crypto";
import { Role } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { lockAccount } from "./store/accounts.ts";

/** More than may wait. */
const CROWD = 80;

describeWithMariadb("one account that asks a lot", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ DB_POOL_MAX: "3" });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const logIn = (deviceKey: string) => harness.call.logInGuest({ deviceKey });
  const guest = async (deviceKey = randomUUID()) => {
    const { profile, tokens } = await logIn(deviceKey);
    return { playerId: must(profile, "sent").playerId, refreshToken: must(tokens, "sent").refreshToken, deviceKey };
  };

  it.each(["log-ins", "refreshes", "log-outs", "revocations", "bans", "changes of its role"])(
    "leaves the connections to others, whatever its %s wait for, and is refused what is too much",
    async (what) => {
      const [one, other, { playerId: actorId }] = [await guest(), await guest(), await guest()];
      await harness.raw(`update accounts set role = 'admin' where id = '${actorId}'`);
      const ask: () => Promise<unknown> = {
        "log-ins": () => logIn(one.deviceKey),
        refreshes: () => harness.call.refresh({ refreshToken: one.refreshToken }),
        "log-outs": () => harness.call.logOut({ refreshToken: one.refreshToken }),
        revocations: () => harness.call.revokeOtherDevices({ playerId: one.playerId, keepFamilyId: randomUUID() }),
        bans: () => harness.call.banPlayer({ actorId, playerId: one.playerId, reason: "a flood" }),
        "changes of its role": () =>
          harness.call.setRole({ actorId, playerId: one.playerId, role: Role.PLAYER, reason: "a flood" }),
      }[what] as () => Promise<unknown>;
      const crowd = await inTransaction(harness.db, async (tx) => {
        await lockAccount(tx, one.playerId); // as somebody does whose turn takes long
        await sql`select id from token_families where account_id = ${one.playerId} for update`.execute(tx);
        const asked = Array.from({ length: CROWD }, () => ask().catch((err: { code: string }) => err.code));
        const startedAt = performance.now();
        await harness.call.refresh({ refreshToken: other.refreshToken });
        expect(performance.now() - startedAt).toBeLessThan(1000);
        return asked;
      });
      const refused = (await Promise.all(crowd)).filter((answer) => answer === "busy").length;
      expect(refused).toBe(CROWD - 64 - 1);
    },
  );

  it("is not kept from ending a session by what that session asks", async () => {
    const owner = await guest();
    const { devices } = await harness.call.listDevices({ playerId: owner.playerId });
    const keepFamilyId = must(devices[0], "its own").familyId;
    const asked = await inTransaction(harness.db, async (tx) => {
      await lockAccount(tx, owner.playerId);
      const crowd = Array.from({ length: CROWD }, () => logIn(owner.deviceKey).catch(() => "refused"));
      expect(await Promise.race(crowd)).toBe("refused"); // there is no room
      return { ended: harness.call.revokeOtherDevices({ playerId: owner.playerId, keepFamilyId }) };
    });
    expect((await asked.ended).revoked).toBeLessThanOrEqual(1); // log-ins of a device end each other
  });

  it("is not kept from being banned by what it asks, and nobody without permission to ban uses its slots", async () => {
    const [rude, moderator, other] = [await guest(), await guest(), await guest()];
    await harness.raw(`update accounts set role = 'moderator' where id = '${moderator.playerId}'`);
    const ban = (actorId: string): Promise<unknown> =>
      harness.call.banPlayer({ actorId, playerId: rude.playerId, reason: "a flood" });
    const asked = await inTransaction(harness.db, async (tx) => {
      await lockAccount(tx, rude.playerId);
      const strange = Array.from({ length: CROWD }, () =>
        ban(other.playerId).catch((err: { code: string }) => err.code),
      );
      expect(new Set(await Promise.all(strange))).toEqual(new Set(["not_allowed"])); // at once: none of them waits
      const crowd = Array.from({ length: CROWD }, () => logIn(rude.deviceKey).catch(() => "refused"));
      expect(await Promise.race(crowd)).toBe("refused"); // there is no room
      return { banned: ban(moderator.playerId) };
    });
    await asked.banned;
    await expect(logIn(rude.deviceKey)).rejects.toMatchObject({ code: "account_banned" });
  });

  it.each(["revokeDevice", "logOut"] as const)(
    "is not kept from %s by what is asked with the very session, nor by made-up ones",
    async (how) => {
      const owner = await guest();
      const { devices } = await harness.call.listDevices({ playerId: owner.playerId });
      const familyId = must(devices[0], "its own").familyId;
      const asked = await inTransaction(harness.db, async (tx) => {
        await lockAccount(tx, owner.playerId);
        const made = { playerId: owner.playerId };
        const strange = Array.from({ length: CROWD }, () =>
          harness.call.revokeDevice({ ...made, familyId: randomUUID() }).catch((err: { code: string }) => err.code),
        );
        expect(new Set(await Promise.all(strange))).toEqual(new Set(["device_not_found"])); // at once: none of them waits
        const refresh = () => harness.call.refresh({ refreshToken: owner.refreshToken }).catch(() => "refused");
        expect(await Promise.race(Array.from({ length: CROWD }, refresh))).toBe("refused"); // there is no room
        const ends = {
          revokeDevice: () => harness.call.revokeDevice({ ...made, familyId }),
          logOut: () => harness.call.logOut({ refreshToken: owner.refreshToken }),
        };
        return { ended: ends[how]() };
      });
      await asked.ended;
      expect((await harness.call.listDevices({ playerId: owner.playerId })).devices).toEqual([]);
    },
  );

  it("pays for its open sessions alone, however many have ended", async () => {
    const { playerId, refreshToken } = await guest();
    const planOf = async (query: string): Promise<unknown> =>
      (await sql.raw(`explain ${query}`).execute(harness.db)).rows[0];
    await harness.raw(
      `insert into token_families (id, account_id, device_label, device_key, created_at, expires_at, revoked_at, revoke_reason)
         select uuid(), '${playerId}', '', repeat('k', 32), utc_timestamp(6), utc_timestamp(6) + interval 9 day, utc_timestamp(6), 'replaced'
         from seq_1_to_2000; analyze table token_families`,
    );
    const open = `select id from token_families where account_id = '${playerId}' and revoked_at is null`;
    const few = { rows: "1" };
    const newest = "order by created_at desc for update";
    expect(await planOf(`${open} ${newest}`)).toMatchObject({ key: "token_families_open", ...few });
    expect(await planOf(`${open} and device_key = repeat('k', 32) ${newest}`)).toMatchObject(few);
    await harness.call.refresh({ refreshToken });
    expect((await harness.call.listDevices({ playerId })).devices).toHaveLength(1);
  });

  it("writes nothing into the audit log while it ends nothing", async () => {
    const { playerId } = await guest();
    const entries = async (): Promise<unknown> =>
      (await harness.db.selectFrom("audit_log").select("position").where("target", "=", playerId).execute()).length;
    const { devices } = await harness.call.listDevices({ playerId });
    const keepFamilyId = must(devices[0], "its own").familyId;
    expect(await harness.call.revokeOtherDevices({ playerId, keepFamilyId })).toMatchObject({ revoked: 0 });
    expect(await entries()).toBe(0);
    expect(await harness.call.revokeOtherDevices({ playerId, keepFamilyId: randomUUID() })).toMatchObject({
      revoked: 1,
    });
    expect(await entries()).toBe(1);
  });
});
