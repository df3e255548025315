import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AccountKind } from "@muster/contracts/identity/v2";
import { inTransaction } from "@muster/db";
import { describeWithMariadb } from "@muster/testkit";
import { decodeJwt } from "jose";
import { sql } from "kysely";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";
import { lockAccount } from "./store/accounts.ts";

const PASSWORD = "correct horse battery";

describeWithMariadb("a guest that takes a name and a password", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });
  beforeEach(() => harness.raw("delete from outbox"));

  let names = 0;
  const freshName = (): string => `upgraded-${++names}x`;
  const newGuest = async (deviceKey: string = uuidv7()) => {
    const { profile, tokens, created } = await harness.call.logInGuest({ deviceKey });
    const accessToken = tokens?.accessToken as string;
    const keepFamilyId = decodeJwt(accessToken)["fam"] as string;
    const playerId = profile?.playerId as string;
    const refreshToken = tokens?.refreshToken as string;
    return { deviceKey, playerId, keepFamilyId, refreshToken, created, name: profile?.name as string };
  };
  type Guest = Awaited<ReturnType<typeof newGuest>>;
  const upgrade = ({ playerId, keepFamilyId }: Guest, name = freshName(), password = PASSWORD) =>
    harness.call.upgradeGuest({ playerId, keepFamilyId, name, password });
  const stateOf = async ({ playerId }: Guest) => ({
    profile: (await harness.call.getProfile({ playerId })).profile,
    credentials: await harness.db.selectFrom("credentials").selectAll().where("account_id", "=", playerId).execute(),
    keys: await harness.db.selectFrom("guest_devices").selectAll().where("account_id", "=", playerId).execute(),
    events: (await harness.db.selectFrom("outbox").select("event_type").execute()).map((row) => row.event_type),
  });

  it("stays the same player, and its session goes on with the new name in its next token", async () => {
    const guest = await newGuest();
    const name = freshName();
    const { profile } = await upgrade(guest, name);
    expect(profile).toMatchObject({ playerId: guest.playerId, name, kind: AccountKind.REGISTERED });
    const { tokens } = await harness.call.refresh({ refreshToken: guest.refreshToken });
    const claims = decodeJwt(tokens?.accessToken as string);
    expect(claims).toMatchObject({ sub: guest.playerId, name, fam: guest.keepFamilyId });
    expect((await harness.call.findProfile({ name: name.toUpperCase() })).profile?.playerId).toBe(guest.playerId);
    await expect(harness.call.findProfile({ name: guest.name })).rejects.toThrow(/player_not_found|no such player/i);
    const again = await harness.call.logIn({ name, password: PASSWORD });
    expect(again.profile).toMatchObject({ playerId: guest.playerId, kind: AccountKind.REGISTERED });
  });

  it("is opened by the password alone: its device key makes a new guest, and no session but its own is left", async () => {
    const guest = await newGuest();
    await upgrade(guest);
    const another = await newGuest(guest.deviceKey);
    expect(another.created).toBe(true);
    expect(another.playerId).not.toBe(guest.playerId);
    const { devices } = await harness.call.listDevices({ playerId: guest.playerId });
    expect(devices.map(({ familyId }) => familyId)).toEqual([guest.keepFamilyId]);
  });

  it("lets no log-in with the key through that began before the upgrade and comes after it", async () => {
    const guest = await newGuest();
    const { call: elsewhere } = await harness.another(); // in one instance they would take turns
    const waiting = async (): Promise<number> => {
      const { rows } = await sql<{ info: string | null }>`select info from information_schema.processlist`.execute(
        harness.db,
      );
      return rows.filter(({ info }) => /from `accounts`.*for update/.test(info ?? "")).length;
    };
    const [upgraded, logIn] = await inTransaction(harness.db, async (tx) => {
      await lockAccount(tx, guest.playerId);
      const first = upgrade(guest);
      await expect.poll(waiting, { timeout: 10_000 }).toBe(1);
      const second = elsewhere.logInGuest({ deviceKey: guest.deviceKey });
      second.catch(() => undefined); // told below
      await expect.poll(waiting, { timeout: 10_000 }).toBe(2); // it has found the guest by its key
      return [first, { second }] as const;
    });
    await upgraded;
    await expect(logIn.second).rejects.toMatchObject({ code: "bad_credentials" });
  });

  it("tells of it by player.name_changed, of the new kind too, and in the audit log", async () => {
    const guest = await newGuest();
    const name = freshName();
    await harness.raw("delete from outbox");
    await upgrade(guest, name);
    const rows = await harness.db.selectFrom("outbox").selectAll().execute();
    expect(rows.map((row) => [row.event_type, row.partition_key, JSON.parse(row.payload)])).toEqual([
      [
        "player.name_changed",
        guest.playerId,
        { playerId: guest.playerId, name, kind: "registered", changedAt: expect.any(String) },
      ],
    ]);
    const entries = harness.db.selectFrom("audit_log").select(["actor", "action", "reason"]);
    expect(await entries.where("target", "=", guest.playerId).execute()).toEqual([
      { actor: guest.playerId, action: "guest_upgraded", reason: `was ${guest.name}` },
    ]);
  });

  it("refuses what a registration refuses, and leaves the guest as it is", async () => {
    const taken = freshName();
    await harness.call.register({ name: taken, password: PASSWORD });
    const guest = await newGuest();
    await harness.raw("delete from outbox");
    const before = await stateOf(guest);
    const refused = async (name: string, password = PASSWORD): Promise<string> =>
      upgrade(guest, name, password).then(
        () => "done",
        (err: { code: string }) => err.code,
      );
    expect(await refused(taken.toUpperCase())).toBe("name_taken");
    expect(await refused("x")).toBe("bad_name");
    expect(await refused("Guest-somebody")).toBe("bad_name");
    expect(await refused(freshName(), "short")).toBe("weak_password");
    expect(await stateOf(guest)).toEqual(before);
    expect((await newGuest(guest.deviceKey)).playerId).toBe(guest.playerId);
  });

  it("is none any more afterwards, nor is a registered player", async () => {
    const guest = await newGuest();
    const both = await Promise.allSettled([upgrade(guest), upgrade(guest)]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    await expect(upgrade(guest)).rejects.toMatchObject({ code: "not_a_guest" });
    const { profile } = await harness.call.register({ name: freshName(), password: PASSWORD });
    const registered = { ...guest, playerId: profile?.playerId as string };
    await expect(upgrade(registered)).rejects.toMatchObject({ code: "not_a_guest" });
    await expect(upgrade({ ...guest, playerId: uuidv7() })).rejects.toMatchObject({ code: "player_not_found" });
  });

  it("gives one name to one of two guests that want it at once", async () => {
    const [a, b] = [await newGuest(), await newGuest()];
    const name = freshName();
    const both = await Promise.allSettled([upgrade(a, name), upgrade(b, name)]);
    const lost = both.filter((one) => one.status === "rejected");
    expect(lost.map(({ reason }) => (reason as { code: string }).code)).toEqual(["name_taken"]);
  });

  it("is not done by a session that has been replaced or ended, though its access token still verifies", async () => {
    const guest = await newGuest();
    await newGuest(guest.deviceKey); // the owner's log-in ends the session before
    const before = await stateOf(guest);
    await expect(upgrade(guest)).rejects.toMatchObject({ code: "token_revoked" });
    expect(await stateOf(guest)).toEqual(before);
  });

  it("is not done for a banned guest", async () => {
    const { profile } = await harness.call.register({ name: "boss-of-bans", password: PASSWORD });
    await harness.raw(`update accounts set role = 'moderator' where id = '${profile?.playerId}'`);
    const guest = await newGuest();
    await harness.call.banPlayer({
      actorId: profile?.playerId as string,
      playerId: guest.playerId,
      until: timestampFromDate(new Date(Date.now() + 3_600_000)),
      reason: "cheating",
    });
    await expect(upgrade(guest)).rejects.toMatchObject({ code: "account_banned" });
  });

  it("counts as a new account of its address", async () => {
    await using small = await startHarness({
      IDENTITY_ACCOUNTS_PER_ADDRESS_BURST: "1",
      IDENTITY_ACCOUNTS_PER_ADDRESS_PER_MIN: "1",
    });
    const { profile, tokens } = await small.call.logInGuest({ deviceKey: uuidv7() });
    const keepFamilyId = decodeJwt(tokens?.accessToken as string)["fam"] as string;
    const account = { playerId: profile?.playerId as string, keepFamilyId, password: PASSWORD };
    const clientAddress = "198.51.100.7";
    await small.call.logInGuest({ deviceKey: uuidv7(), clientAddress });
    await expect(small.call.upgradeGuest({ ...account, name: "later-on", clientAddress })).rejects.toMatchObject({
      code: "too_many_accounts",
    });
    await small.call.upgradeGuest({ ...account, name: "later-on", clientAddress: "198.51.100.8" });
  });
});
