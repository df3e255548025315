// Repeating a change writes nothing: every call of the contract is made twice.
import { ChatService } from "@muster/contracts/chat/v2";
import { describeWithMariadb } from "@muster/testkit";
import { sql } from "kysely";
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";

type Method = Exclude<keyof typeof ChatService.method, "deliver">;

describeWithMariadb("a repeat", () => {
  let harness: Harness;
  let ask: Record<Method, () => Promise<unknown>>;
  let owner: Person;
  let channelId: string;
  beforeAll(async () => {
    harness = await startHarness();
    ask = await asks();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  /** One request of each call, allowed and with an effect the first time. */
  const asks = async (): Promise<typeof ask> => {
    const { call } = harness;
    owner = person();
    const [member, guest, declining, other, mod] = [person(), person(), person(), person(), person("mod", true)];
    const room = async (name: string): Promise<string> =>
      (await call.createRoom({ actor: owner, name })).channel?.channelId as string;
    channelId = await room("repeats");
    await letIn(call, owner, channelId, member);
    for (const { playerId } of [guest, declining])
      await call.addMember({ actor: owner, channelId, playerId, playerName: "x" });
    const leaving = await room("leaving");
    await letIn(call, owner, leaving, member);
    const matchId = randomUUID();
    harness.matches.set(matchId, [owner.playerId, other.playerId]);
    const post = (body: string): Promise<unknown> => call.postMessage({ actor: member, channelId, body, key: body });
    for (const body of ["first", "second", "third"]) await post(body);
    const muted = { channelId, playerId: member.playerId };
    return {
      listChannels: () => call.listChannels({ actor: owner }),
      openDirect: () => call.openDirect({ actor: owner, playerId: other.playerId, playerName: "x" }),
      openMatch: () => call.openMatch({ actor: owner, matchId }),
      createRoom: () => call.createRoom({ actor: owner, name: "another" }),
      joinRoom: () => call.joinRoom({ actor: other, name: "repeats" }),
      addMember: () => call.addMember({ actor: owner, channelId, playerId: mod.playerId, playerName: "x" }),
      listInvitations: () => call.listInvitations({ actor: guest }),
      acceptInvitation: () => call.acceptInvitation({ actor: guest, channelId }),
      declineInvitation: () => call.declineInvitation({ actor: declining, channelId }),
      removeMember: () => call.removeMember({ actor: member, channelId: leaving, playerId: member.playerId }),
      hideChannel: () => call.hideChannel({ actor: other, channelId }),
      showChannel: () => call.showChannel({ actor: other, channelId }),
      listMembers: () => call.listMembers({ actor: owner, channelId }),
      postMessage: () => post("fourth"),
      editMessage: () => call.editMessage({ actor: member, channelId, seq: 1n, body: "edited" }),
      deleteMessage: () => call.deleteMessage({ actor: owner, channelId, seq: 2n }),
      listMessages: () => call.listMessages({ actor: owner, channelId }),
      markRead: () => call.markRead({ actor: other, channelId: GLOBAL_CHANNEL_ID, seq: 0n }),
      mutePlayer: () => call.mutePlayer({ actor: owner, ...muted, seconds: 60, reason: "spam" }),
      unmutePlayer: () => call.unmutePlayer({ actor: owner, ...muted }),
      blockPlayer: () => call.blockPlayer({ actor: owner, playerId: guest.playerId }),
      unblockPlayer: () => call.unblockPlayer({ actor: owner, playerId: guest.playerId }),
      listBlocked: () => call.listBlocked({ actor: owner }),
      listMutes: () => call.listMutes({ actor: mod, playerId: member.playerId }),
      findRooms: () => call.findRooms({ actor: mod }),
      listModerationLog: () => call.listModerationLog({ actor: mod }),
    };
  };

  const tables = async (): Promise<unknown> => {
    const { rows } = await sql`checksum table channels, members, invitations, messages, mutes, blocks, senders,
      direct_limits, direct_network_limits, changes, audit_log`.execute(harness.db);
    expect(rows).toHaveLength(11);
    return rows;
  };

  it("of any call writes nothing", async () => {
    const methods = Object.keys(ChatService.method).filter((name) => name !== "deliver");
    expect(Object.keys(ask)).toEqual(methods);
    const wrote: string[] = [];
    for (const [name, again] of Object.entries(ask)) {
      await again();
      const before = await tables();
      await again().catch(() => undefined); // some are refused: what was taken out is not there any more
      if (!isDeepStrictEqual(await tables(), before)) wrote.push(name);
    }
    expect(wrote).toEqual([]);
  });

  it("of a mute for another time or reason is none", async () => {
    const { call } = harness;
    const { members } = await call.listMembers({ actor: owner, channelId });
    const playerId = members.find((member) => member.playerId !== owner.playerId)?.playerId as string;
    const until = async (): Promise<number> =>
      Number(
        (
          await harness.db.selectFrom("mutes").select("until").where("player_id", "=", playerId).executeTakeFirst()
        )?.until.getTime(),
      );
    await call.mutePlayer({ actor: owner, channelId, playerId, seconds: 60, reason: "spam" });
    const short = await until();
    await call.mutePlayer({ actor: owner, channelId, playerId, seconds: 600, reason: "spam" });
    expect((await until()) - short).toBeGreaterThan(500_000);
  });

  it("a player changes no more than its share, and delays nobody else", async () => {
    await using limited = await startHarness({ CHAT_CHANGES_PER_MIN: "60", CHAT_CHANGE_BURST: "6" });
    const [ann, bob] = [person(), person()];
    const outcomes: string[] = [];
    for (let i = 0; i < 5; i++)
      for (const call of [limited.call.blockPlayer, limited.call.unblockPlayer])
        outcomes.push(
          await call({ actor: ann, playerId: bob.playerId }).then(
            () => "done",
            (err: { code: string }) => err.code,
          ),
        );
    expect(outcomes.filter((outcome) => outcome === "chat_rate_limited").length).toBeGreaterThanOrEqual(2);
    await limited.call.blockPlayer({ actor: bob, playerId: ann.playerId });
    limited.advance(60);
    await limited.call.blockPlayer({ actor: ann, playerId: bob.playerId });
  });

  it("a mute in a room is of somebody who is in it", async () => {
    const mute = (playerId: string): Promise<unknown> =>
      harness.call.mutePlayer({ actor: owner, channelId, playerId, seconds: 60, reason: "x" });
    await expect(mute(randomUUID())).rejects.toMatchObject({ code: "member_not_found" });
    await mute(owner.playerId);
  });
});
