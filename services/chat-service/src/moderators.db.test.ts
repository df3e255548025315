// What only moderators read, and what a mute in all channels keeps a player from.
import { describeWithMariadb } from "@muster/testkit";
import { randomUUID } from "node:crypto";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";

describeWithMariadb("a moderator", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  const mod = person("mod", true);
  const room = async (owner: Person, name: string, isPrivate = false): Promise<string> =>
    (await harness.call.createRoom({ actor: owner, name, private: isPrivate })).channel?.channelId as string;
  const muteOf = (playerId: string, channelId = ""): Promise<unknown> =>
    harness.call.mutePlayer({ actor: mod, channelId, playerId, seconds: 60, reason: "spam" });

  it("mutes a player in all channels: no way of writing is left, the refusal says until when, and lifting it has a reason", async () => {
    const { call, matches } = harness;
    const [rude, other, third] = [person(), person(), person()];
    const channelId = await room(rude, "before the mute");
    await letIn(call, rude, channelId, other);
    const matchId = randomUUID();
    matches.set(matchId, [rude.playerId, other.playerId]);
    const match = (await call.openMatch({ actor: rude, matchId })).channel?.channelId as string;
    const direct = await call.openDirect({ actor: rude, playerId: other.playerId, playerName: "x" });
    const channels = [GLOBAL_CHANNEL_ID, match, direct.channel?.channelId as string, channelId];
    const post = (id: string, key: string): Promise<unknown> =>
      call.postMessage({ actor: rude, channelId: id, body: "hello", key });
    for (const id of channels) await post(id, "before");

    await muteOf(rude.playerId);
    const inviting = { actor: rude, channelId, playerId: third.playerId, playerName: "x" };
    const writing: Record<string, () => Promise<unknown>> = {
      ...Object.fromEntries(channels.map((id, i) => [`posting in channel ${i}`, () => post(id, "during")])),
      editing: () => call.editMessage({ actor: rude, channelId, seq: 1n, body: "changed" }),
      "making a room": () => call.createRoom({ actor: rude, name: "an insult", private: false }),
      inviting: () => call.addMember(inviting),
    };
    for (const [what, write] of Object.entries(writing))
      await expect(write(), what).rejects.toMatchObject({
        code: "muted",
        message: expect.stringMatching(/^You are muted in all channels until 20.*Z: spam$/) as string,
        details: { everywhere: true, reason: "spam", until: expect.stringMatching(/Z$/) as string },
      });
    await call.createRoom({ actor: rude, name: "before the mute", private: false }); // is there: a repeat
    await call.deleteMessage({ actor: rude, channelId, seq: 1n }); // takes back what it wrote

    await call.unmutePlayer({ actor: mod, channelId: "", playerId: rude.playerId, reason: "an apology" });
    for (const id of channels) await post(id, "after");
    await call.addMember(inviting);
    const { entries } = await call.listModerationLog({ actor: mod, pageSize: 2 });
    const zeros = "00000000-0000-0000-0000-000000000000";
    expect(entries).toMatchObject([
      { action: "player_unmuted", target: `${rude.playerId}/${zeros}`, reason: "an apology", actor: mod.playerId },
      { action: "player_muted", target: `${rude.playerId}/${zeros}`, reason: "spam", actor: mod.playerId },
    ]);
  });

  it("who is muted in a room invites nobody to it, and may to others", async () => {
    const owner = person();
    const [here, elsewhere] = [await room(owner, "muted here"), await room(owner, "not muted here")];
    await muteOf(owner.playerId, here);
    const invite = (channelId: string): Promise<unknown> =>
      harness.call.addMember({ actor: owner, channelId, playerId: person().playerId, playerName: "x" });
    await expect(invite(here)).rejects.toMatchObject({
      code: "muted",
      message: expect.stringContaining("in this channel until") as string,
    });
    await invite(elsewhere);
  });

  it("sees the mutes of a player that have not ended, the one in all channels first", async () => {
    const { call } = harness;
    const { playerId } = person();
    await call.mutePlayer({ actor: mod, channelId: "", playerId, seconds: 60, reason: "all" });
    await call.mutePlayer({ actor: mod, channelId: GLOBAL_CHANNEL_ID, playerId, seconds: 600, reason: "one" });
    const mutes = async (): Promise<string[][]> =>
      (await call.listMutes({ actor: mod, playerId })).mutes.map((one) => [one.channelId, one.reason]);
    expect(await mutes()).toEqual([
      ["", "all"],
      [GLOBAL_CHANNEL_ID, "one"],
    ]);
    harness.advance(61);
    expect(await mutes()).toEqual([[GLOBAL_CHANNEL_ID, "one"]]);
  });

  it("finds rooms by the start of their name in any spelling, or by id: private ones too, page by page, and nothing else", async () => {
    const { call } = harness;
    const owner = person();
    for (const name of ["Zebra 3", "zebra 1", "ZEBRA_x"]) await room(owner, name);
    const secret = await room(owner, "zebra 2", true);
    const find = async (query: string, more: { pageSize?: number; cursor?: string } = {}) =>
      call.findRooms({ actor: mod, query, ...more });
    const names = async (query: string): Promise<string[]> => (await find(query)).rooms.map(({ name }) => name);
    expect(await names("zeb")).toEqual(["zebra 1", "zebra 2", "Zebra 3", "ZEBRA_x"]);
    expect(await names("ｚＥbra")).toHaveLength(4); // full width
    expect(await names("zebra_")).toEqual(["ZEBRA_x"]); // a letter of a name, no wildcard
    expect(await names("%")).toEqual([]);
    const first = await find("zebra", { pageSize: 3 });
    expect(first.rooms).toHaveLength(3);
    const second = await find("zebra", { pageSize: 3, cursor: first.nextCursor });
    expect([second.rooms.map(({ name }) => name), second.nextCursor]).toEqual([["ZEBRA_x"], ""]);
    expect((await find(secret.toUpperCase())).rooms).toMatchObject([
      { channelId: secret, name: "zebra 2", private: true, ownerId: owner.playerId, members: 1 },
    ]);
    expect((await find(GLOBAL_CHANNEL_ID)).rooms).toEqual([]);
    const all = (await find("", { pageSize: 100 })).rooms;
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(all.every(({ name }) => name !== "")).toBe(true); // neither direct channels nor those of matches
    await expect(find("", { cursor: "x" })).rejects.toMatchObject({ code: "bad_cursor" });
  });

  it("finding rooms reads one range of an index, whatever else there is", async () => {
    const { rows } = await sql<{ key: string; type: string }>`
      explain select id from channels where unique_key like 'room:zeb%' order by unique_key limit 21`.execute(
      harness.db,
    );
    expect(rows).toMatchObject([{ key: "channels_unique_key", type: "range" }]);
  });

  it("reads the moderation log page by page; none of this is for players", async () => {
    const { call } = harness;
    await muteOf(person().playerId);
    await muteOf(person().playerId);
    const positions = async (before: number): Promise<number[]> =>
      (await call.listModerationLog({ actor: mod, before: BigInt(before), pageSize: 1 })).entries.map(({ position }) =>
        Number(position),
      );
    const [last = 0] = await positions(0);
    expect(await positions(last)).toEqual([last - 1]);
    expect(await positions(1)).toEqual([]);
    const actor = person();
    for (const ask of [
      () => call.listModerationLog({ actor }),
      () => call.findRooms({ actor }),
      () => call.listMutes({ actor, playerId: actor.playerId }),
    ])
      await expect(ask()).rejects.toMatchObject({ code: "not_allowed" });
  });
});
