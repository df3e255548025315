// Nobody becomes a member of a room without consent.
import { describeWithMariadb, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness, TestStream } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";

describeWithMariadb("invitations", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({
      CHAT_DIRECT_BURST: "3",
      CHAT_DIRECT_TO_PLAYER_BURST: "5",
      CHAT_INVITATIONS_MAX: "4",
      CHAT_INVITATION_S: "3600",
    });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  let keys = 0;
  const room = async (owner: Person, isPrivate = true): Promise<string> => {
    const { channel } = await harness.call.createRoom({ actor: owner, name: `room ${++keys}`, private: isPrivate });
    return channel?.channelId as string;
  };
  const invite = (actor: Person, channelId: string, { playerId, name }: Person): Promise<string> =>
    harness.call.addMember({ actor, channelId, playerId, playerName: name }).then(
      () => "invited",
      (err: { code: string }) => err.code,
    );
  const post = (actor: Person, channelId: string, body: string): Promise<unknown> =>
    harness.call.postMessage({ actor, channelId, body, key: `k${++keys}` });
  const listed = async (actor: Person): Promise<string[]> =>
    (await harness.call.listChannels({ actor })).channels.map(({ channelId }) => channelId);
  const invitations = async (actor: Person): Promise<string[]> =>
    (await harness.call.listInvitations({ actor })).invitations.map(({ channelId }) => channelId);
  const befriend = async (a: Person, b: Person): Promise<void> => {
    await harness.call.openDirect({ actor: a, playerId: b.playerId, playerName: b.name });
  };

  it("bring nobody into a room before they are accepted: it is neither listed nor delivered nor open", async () => {
    const [ann, bob] = [person("Ann"), person("Bob")];
    const channelId = await room(ann);
    const stream = new TestStream(harness.call);
    stream.attach(bob.playerId);
    await until(() => (stream.lists(bob.playerId).length > 0 ? undefined : "not attached"));
    expect(await invite(ann, channelId, bob)).toBe("invited");
    expect(await listed(bob)).toEqual([GLOBAL_CHANNEL_ID]);
    await post(ann, channelId, "before");
    await expect(post(bob, channelId, "hi")).rejects.toMatchObject({ code: "channel_not_found" });
    const {
      invitations: [invitation],
    } = await harness.call.listInvitations({ actor: bob });
    expect(invitation).toMatchObject({ channelId, private: true, inviterId: ann.playerId, inviterName: "Ann" });
    const { channel } = await harness.call.acceptInvitation({ actor: bob, channelId });
    expect(channel).toMatchObject({ channelId, unread: 0n });
    await harness.call.acceptInvitation({ actor: bob, channelId }); // a repeat
    await until(() => (stream.lists(bob.playerId).length > 1 ? undefined : "not told"));
    await post(ann, channelId, "after");
    await until(() => (stream.bodies(channelId).length > 0 ? undefined : "nothing yet"));
    expect(stream.bodies(channelId)).toEqual(["after"]);
    expect(await invitations(bob)).toEqual([]);
    expect(await invite(ann, channelId, bob)).toBe("invited"); // who is in is not invited again
    expect(await invitations(bob)).toEqual([]);
    await stream.close();
  });

  it("may be made again as soon as the one before has ended", async () => {
    const [ann, bob] = [person(), person()];
    const channelId = await room(ann);
    await invite(ann, channelId, bob);
    harness.advance(3601);
    expect(await invitations(bob)).toEqual([]);
    await invite(ann, channelId, bob);
    expect(await invitations(bob)).toEqual([channelId]);
  });

  it("are never there from who is blocked, whichever of the two comes first", async () => {
    const pairs = await Promise.all(
      Array.from({ length: 15 }, async () => {
        const [ann, bob] = [person(), person()];
        return { ann, bob, channelId: await room(ann) };
      }),
    );
    await Promise.all(
      pairs.flatMap(({ ann, bob, channelId }) => [
        invite(ann, channelId, bob),
        harness.call.blockPlayer({ actor: bob, playerId: ann.playerId }),
      ]),
    );
    for (const { bob } of pairs) expect(await invitations(bob)).toEqual([]);
  });

  it("are declined, and cannot be repeated then; who declined may still come", async () => {
    const [ann, bob] = [person(), person()];
    const channelId = await room(ann);
    await invite(ann, channelId, bob);
    await harness.call.declineInvitation({ actor: bob, channelId });
    await harness.call.declineInvitation({ actor: bob, channelId }); // a repeat
    expect(await invitations(bob)).toEqual([]);
    await invite(ann, channelId, bob);
    expect(await invitations(bob)).toEqual([]);
    await harness.call.acceptInvitation({ actor: bob, channelId });
    expect(await listed(bob)).toContain(channelId);
  });

  it("let the player join a private room by its name, and are over when they are old or taken back", async () => {
    const [ann, bob, carl] = [person(), person(), person()];
    const name = `named ${++keys}`;
    const { channel } = await harness.call.createRoom({ actor: ann, name, private: true });
    const channelId = channel?.channelId as string;
    const missing = { code: "invitation_not_found" };
    await expect(harness.call.acceptInvitation({ actor: carl, channelId })).rejects.toMatchObject(missing);
    await invite(ann, channelId, bob);
    await harness.call.joinRoom({ actor: bob, name });
    expect(await listed(bob)).toContain(channelId);
    expect(await invitations(bob)).toEqual([]);
    await invite(ann, channelId, carl);
    await harness.call.removeMember({ actor: ann, channelId, playerId: carl.playerId });
    expect(await invitations(carl)).toEqual([]);
    await expect(harness.call.acceptInvitation({ actor: carl, channelId })).rejects.toMatchObject(missing);
    await invite(ann, channelId, carl);
    harness.advance(3601);
    expect(await invitations(carl)).toEqual([]);
    await expect(harness.call.acceptInvitation({ actor: carl, channelId })).rejects.toMatchObject(missing);
    await expect(harness.call.joinRoom({ actor: carl, name })).rejects.toMatchObject({ code: "channel_not_found" });
  });

  it("of strangers are limited as direct channels are, and push out nobody's whom the player has met", async () => {
    const [victim, friend] = [person(), person()];
    await befriend(victim, friend);
    const friendly = await room(friend);
    await invite(friend, friendly, victim);
    const strangers = Array.from({ length: 10 }, () => person());
    const outcomes = await Promise.all(strangers.map(async (owner) => invite(owner, await room(owner), victim)));
    expect(outcomes.filter((outcome) => outcome === "invited")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "too_many_directs")).toHaveLength(5);
    expect(await invitations(victim)).toHaveLength(4);
    expect(await invitations(victim)).toContain(friendly);
    expect(await listed(victim)).toHaveLength(2); // global, and the friend's direct channel
  });

  it("do not get a room over its limit of members, however many are accepted at once", async () => {
    await using small = await startHarness({ CHAT_ROOM_MEMBERS_MAX: "3" });
    const owner = person();
    const { channel } = await small.call.createRoom({ actor: owner, name: "small", private: true });
    const channelId = channel?.channelId as string;
    const guests = Array.from({ length: 5 }, () => person());
    for (const { playerId, name } of guests)
      await small.call.addMember({ actor: owner, channelId, playerId, playerName: name });
    const accepted = await Promise.allSettled(guests.map((actor) => small.call.acceptInvitation({ actor, channelId })));
    expect(accepted.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
  });

  it("end when their maker or the room's owner is blocked, whose rooms leave the list and are delivered no more", async () => {
    const [ann, eve, mod] = [person(), person(), person("mod", true)];
    const [joined, open, pending] = [await room(eve), await room(eve, false), await room(eve)];
    await letIn(harness.call, eve, joined, ann);
    const openName = (await harness.call.listChannels({ actor: eve })).channels.find((c) => c.channelId === open)?.name;
    await harness.call.joinRoom({ actor: ann, name: openName as string });
    await invite(mod, pending, ann);
    const stream = new TestStream(harness.call);
    stream.attach(ann.playerId);
    const inLast = (channelId: string): boolean | undefined =>
      stream
        .lists(ann.playerId)
        .at(-1)
        ?.channels.some(({ channel }) => channel?.channelId === channelId);
    await until(() => (inLast(joined) ? undefined : "not attached"));
    await harness.call.blockPlayer({ actor: ann, playerId: eve.playerId });
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID]);
    await until(() => (inLast(joined) || inLast(open) ? "still delivered" : undefined));
    expect(await invitations(ann)).toEqual([]);
    for (const actor of [eve, mod]) expect(await invite(actor, pending, ann)).toBe("blocked");
    await harness.call.unblockPlayer({ actor: ann, playerId: eve.playerId });
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID]);
    await harness.call.joinRoom({ actor: ann, name: openName as string });
    await post(ann, joined, "I am back"); // who writes in it wants to see the answer
    expect((await listed(ann)).toSorted()).toEqual([GLOBAL_CHANNEL_ID, joined, open].toSorted());
    await stream.close();
  });

  it("are not needed by who adds itself: an owner who had left, a moderator", async () => {
    const [ann, mod] = [person(), person("mod", true)];
    const channelId = await room(ann, false);
    await harness.call.removeMember({ actor: ann, channelId, playerId: ann.playerId });
    await harness.call.addMember({ actor: mod, channelId, playerId: mod.playerId, playerName: "mod" });
    await harness.call.joinRoom({ actor: ann, name: `room ${keys}` });
    expect(await listed(mod)).toContain(channelId);
    expect(await listed(ann)).toContain(channelId);
  });

  it.each([
    ["public", false],
    ["private", true],
  ])(
    "are not needed by the owner of a %s room, who adds itself where it sees the room no more",
    async (_, isPrivate) => {
      const [ann, bob] = [person(), person()];
      const channelId = await room(ann, isPrivate);
      await harness.call.removeMember({ actor: ann, channelId, playerId: ann.playerId });
      expect(await listed(ann)).not.toContain(channelId);
      await expect(invite(bob, channelId, bob)).resolves.toBe(isPrivate ? "channel_not_found" : "not_a_member");
      expect(await invite(ann, channelId, ann)).toBe("invited");
      expect(await listed(ann)).toContain(channelId);
      expect(await invite(ann, channelId, ann)).toBe("invited"); // a repeat
      await post(ann, channelId, "back");
    },
  );
});
