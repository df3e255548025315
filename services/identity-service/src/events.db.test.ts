// Each change of an account and the event that reports it are committed together, or neither is.
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { EVENTS, isEventType } from "@muster/events";
import { describeWithMariadb } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { type Harness, startHarness } from "../test/harness.ts";

const PASSWORD = "correct horse battery";

describeWithMariadb("the events of identity-service", () => {
  let harness: Harness;
  let moderator: string;
  beforeAll(async () => {
    harness = await startHarness();
    moderator = await register();
    await harness.raw(`update accounts set role = 'moderator' where id = '${moderator}'`);
  });
  afterAll(() => harness[Symbol.asyncDispose]());
  beforeEach(() => harness.raw("delete from outbox"));

  let names = 0;
  const register = async (): Promise<string> => {
    names++;
    const { profile } = await harness.call.register({ name: `player-${names}x`, password: PASSWORD });
    return profile?.playerId as string;
  };
  const guest = (deviceKey: string) => harness.call.logInGuest({ deviceKey });
  const order = (playerId: string) => ({ actorId: moderator, playerId, reason: "cheating" });
  const until = new Date(Date.now() + 3_600_000);
  const ban = (playerId: string) => harness.call.banPlayer({ ...order(playerId), until: timestampFromDate(until) });
  const unban = (playerId: string) => harness.call.unbanPlayer(order(playerId));

  const stored = async (): Promise<{ type: string; key: string; payload: Record<string, unknown> }[]> => {
    const rows = await harness.db.selectFrom("outbox").selectAll().orderBy("position").execute();
    return rows.map((row) => ({
      type: row.event_type,
      key: row.partition_key,
      payload: JSON.parse(row.payload) as Record<string, unknown>,
    }));
  };
  /** While a statement of the transaction fails that comes after the event: nothing of it may stay. */
  const without = async (table: string, work: () => Promise<unknown>): Promise<void> => {
    await harness.raw(`rename table ${table} to ${table}_away`);
    try {
      await expect(work()).rejects.toThrow();
    } finally {
      await harness.raw(`rename table ${table}_away to ${table}`);
    }
  };

  it("tell of a registration, of an account and of a guest", async () => {
    const playerId = await register();
    const { profile } = await guest(uuidv7());
    expect(await stored()).toEqual([
      {
        type: "player.registered",
        key: playerId,
        payload: { playerId, name: `player-${names}x`, kind: "registered", registeredAt: expect.any(String) },
      },
      {
        type: "player.registered",
        key: profile?.playerId,
        payload: { playerId: profile?.playerId, name: profile?.name, kind: "guest", registeredAt: expect.any(String) },
      },
    ]);
  });

  it("tell of a ban, of its other end, and of one that is lifted; not of one that is not there", async () => {
    const playerId = await register();
    await unban(playerId);
    await ban(playerId);
    await harness.call.banPlayer(order(playerId));
    await unban(playerId);
    await unban(playerId);
    const bannedAt = expect.any(String) as string;
    expect((await stored()).slice(1)).toEqual([
      { type: "player.banned", key: playerId, payload: { playerId, until: until.toISOString(), bannedAt } },
      { type: "player.banned", key: playerId, payload: { playerId, until: "9999-12-31T00:00:00.000Z", bannedAt } },
      { type: "player.unbanned", key: playerId, payload: { playerId, unbannedAt: expect.any(String) } },
    ]);
  });

  it.each([
    ["player.registered", "token_families", () => register()],
    ["player.registered", "of two calls of one device", undefined],
    ["player.banned", "audit_log", (playerId: string) => ban(playerId)],
    ["player.unbanned", "audit_log", (playerId: string) => unban(playerId)],
  ] as const)("leave no row of %s when the transaction is undone (%s)", async (type, table, work) => {
    const playerId = await register();
    if (type === "player.unbanned") await ban(playerId);
    await harness.raw("delete from outbox");
    if (work) {
      await without(table, () => work(playerId));
      expect(await stored()).toEqual([]);
      await work(playerId);
    } else {
      // Two calls of one device: both make an account, and one of them is undone.
      const key = uuidv7();
      const both = await Promise.all([guest(key), guest(key)]);
      expect(new Set(both.map(({ profile }) => profile?.playerId)).size).toBe(1);
    }
    expect((await stored()).map((row) => row.type)).toEqual([type]);
  });

  it("have the player's id for their key, and say nothing else of the player but what their classification allows", async () => {
    const playerId = await register();
    await ban(playerId);
    await unban(playerId);
    for (const { type, key, payload } of await stored()) {
      expect(key).toBe(playerId);
      const personal = isEventType(type) && EVENTS[type].classification === "personal";
      expect("name" in payload, type).toBe(personal);
    }
  });
});
