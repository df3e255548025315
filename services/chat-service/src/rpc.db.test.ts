import { randomUUID } from "node:crypto";
import { describeWithMariadb } from "@muster/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";

describeWithMariadb("chat-service", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  let keys = 0;
  const post = async (actor: Person, channelId: string, body: string, key = `k${++keys}`): Promise<bigint> =>
    (await harness.call.postMessage({ actor, channelId, body, key })).message?.seq as bigint;
  const room = async (owner: Person, members: readonly Person[] = [], isPrivate = false): Promise<string> => {
    const name = `room ${randomUUID().slice(0, 8)}`;
    const { channel } = await harness.call.createRoom({ actor: owner, name, private: isPrivate });
    for (const member of members) await letIn(harness.call, owner, channel?.channelId as string, member);
    return channel?.channelId as string;
  };
  const bodies = async (actor: Person, channelId: string): Promise<string[]> =>
    (await harness.call.listMessages({ actor, channelId })).messages.map((message) => message.body);

  describe("messages", () => {
    it("are numbered from 1 without gaps, however many are posted at once", async () => {
      const people = Array.from({ length: 8 }, () => person());
      const channelId = await room(people[0] as Person, people.slice(1));
      const seqs = await Promise.all(
        Array.from({ length: 80 }, (_, i) => post(people[i % 8] as Person, channelId, `message ${i}`)),
      );
      expect(seqs.toSorted((a, b) => Number(a - b))).toEqual(Array.from({ length: 80 }, (_, i) => BigInt(i + 1)));
    });

    it("of one channel wait for each other, and nobody else waits for them, however many they are", async () => {
      const friends = person();
      const [crowded, quiet] = [GLOBAL_CHANNEL_ID, await room(friends)];
      await post(person(), crowded, "first");
      const release = Promise.withResolvers<void>();
      const locked = Promise.withResolvers<void>();
      const locking = harness.db.transaction().execute(async (tx) => {
        await tx.selectFrom("channels").select("id").where("id", "=", crowded).forUpdate().execute();
        locked.resolve();
        await release.promise;
      });
      await locked.promise;
      const crowd = Promise.all(Array.from({ length: 60 }, (_, i) => post(person(), crowded, `crowd ${i}`)));
      try {
        for (let i = 0; i < 5; i++) expect(await post(friends, quiet, `${i}`)).toBe(BigInt(i + 1));
      } finally {
        release.resolve();
      }
      await locking;
      expect(new Set(await crowd).size).toBe(60);
    });

    it("are posted once per key, also by two sockets at the same instant", async () => {
      const ann = person();
      const channelId = await room(ann);
      const seqs = await Promise.all([1, 2, 3].map(() => post(ann, channelId, "hello", "same")));
      expect(new Set(seqs).size).toBe(1);
      expect(await bodies(ann, channelId)).toEqual(["hello"]);
    });

    it("are read by pages that a call can carry, however long they are", async () => {
      const ann = person();
      const channelId = await room(ann);
      const body = "\u{1f600}".repeat(500);
      const count = 180;
      const rows = Array.from({ length: count }, (_, i) => ({
        channel_id: channelId,
        seq: BigInt(i + 1),
        change_no: BigInt(i + 1),
        author_id: ann.playerId,
        author_name: ann.name,
        body,
        client_key: `long${i}`,
        sent_at: new Date(),
        edited_at: null,
        deleted_at: null,
      }));
      await harness.db.insertInto("messages").values(rows).execute();
      for (const forwards of [true, false]) {
        const seen: bigint[] = [];
        for (let at = 0n, more = true; more; ) {
          const from = { case: forwards ? ("afterSeq" as const) : ("beforeSeq" as const), value: at };
          const page = await harness.call.listMessages({ actor: ann, channelId, from, limit: 200 });
          expect(page.messages.length).toBeGreaterThan(50);
          const seqs = page.messages.map(({ seq }) => seq);
          if (forwards) seen.push(...seqs);
          else seen.unshift(...seqs);
          at = (forwards ? seqs.at(-1) : seqs[0]) as bigint;
          more = page.more;
        }
        expect(seen).toEqual(rows.map(({ seq }) => seq));
      }
    });

    it("are read by pages, both ways, without overlap or gap", async () => {
      const ann = person();
      const channelId = await room(ann);
      for (let i = 1; i <= 25; i++) await post(ann, channelId, String(i));
      const all = Array.from({ length: 25 }, (_, i) => String(i + 1));
      const back: string[] = [];
      for (let before = 0n, more = true; more; ) {
        const page = await harness.call.listMessages({
          actor: ann,
          channelId,
          from: { case: "beforeSeq", value: before },
          limit: 10,
        });
        back.unshift(...page.messages.map((message) => message.body));
        before = page.messages[0]?.seq as bigint;
        more = page.more;
      }
      expect(back).toEqual(all);
      const forth: string[] = [];
      for (let after = 0n, more = true; more; ) {
        const page = await harness.call.listMessages({
          actor: ann,
          channelId,
          from: { case: "afterSeq", value: after },
          limit: 10,
        });
        forth.push(...page.messages.map((message) => message.body));
        after = page.messages.at(-1)?.seq as bigint;
        more = page.more;
      }
      expect(forth).toEqual(all);
    });

    it.each([
      ["empty", "  \n ", "message_empty"],
      ["nothing to be seen", "\u200b \u3164\ufe0f", "message_empty"],
      ["nothing but control characters", "\u0007\u202e", "message_empty"],
      ["longer than 500 characters", "x".repeat(501), "message_too_long"],
    ])("are refused when %s", async (_note, body, code) => {
      await expect(post(person(), GLOBAL_CHANNEL_ID, body)).rejects.toMatchObject({ code });
    });

    it("may have 500 characters of any kind, and lose what would spoil the line", async () => {
      const ann = person();
      const channelId = await room(ann);
      await post(ann, channelId, "🦄".repeat(500));
      await post(ann, channelId, " left\u202eright\u0000 ");
      expect(await bodies(ann, channelId)).toEqual(["🦄".repeat(500), "leftright"]);
    });

    it("may be edited by their author within the window, and by nobody else", async () => {
      const [ann, bob, mod] = [person(), person(), person("mod", true)];
      const channelId = await room(ann, [bob]);
      const seq = await post(bob, channelId, "tpyo");
      const edit = (actor: Person): Promise<unknown> =>
        harness.call.editMessage({ actor, channelId, seq, body: "typo" });
      for (const other of [ann]) await expect(edit(other)).rejects.toMatchObject({ code: "not_allowed" });
      await expect(edit(mod)).rejects.toMatchObject({ code: "not_a_member" });
      await edit(bob);
      const { messages } = await harness.call.listMessages({ actor: ann, channelId });
      expect(messages[0]).toMatchObject({ seq, change: 2n, body: "typo" });
      expect(messages[0]?.editedAt).toBeDefined();
      harness.advance(901);
      await expect(edit(bob)).rejects.toMatchObject({ code: "edit_window_over" });
    });

    it("may be deleted by author, owner and moderator; the text is gone from the database too", async () => {
      const [ann, bob, carl, mod] = [person(), person(), person(), person("mod", true)];
      const channelId = await room(ann, [bob, carl]);
      const seqs = [
        await post(bob, channelId, "secret one"),
        await post(bob, channelId, "secret two"),
        await post(bob, channelId, "secret three"),
      ];
      const remove = (actor: Person, seq: bigint): Promise<unknown> =>
        harness.call.deleteMessage({ actor, channelId, seq });
      await expect(remove(carl, seqs[0] as bigint)).rejects.toMatchObject({ code: "not_allowed" });
      await remove(bob, seqs[0] as bigint);
      await remove(ann, seqs[1] as bigint);
      await remove(mod, seqs[2] as bigint);
      await expect(remove(mod, seqs[2] as bigint)).rejects.toMatchObject({ code: "message_not_found" });
      const rows = JSON.stringify(
        await harness.db.selectFrom("messages").select("body").where("channel_id", "=", channelId).execute(),
      );
      expect(rows).not.toContain("secret");
      const { messages } = await harness.call.listMessages({ actor: carl, channelId });
      expect(messages.map((message) => [message.body, message.deletedAt !== undefined])).toEqual([
        ["", true],
        ["", true],
        ["", true],
      ]);
      const log = await harness.db
        .selectFrom("audit_log")
        .select(["actor", "target"])
        .where("target", "like", `%/${channelId}`)
        .where("action", "=", "message_deleted")
        .orderBy("position")
        .execute();
      expect(log).toEqual(
        [ann, mod].map(({ playerId }) => ({ actor: playerId, target: `${bob.playerId}/${channelId}` })),
      );
    });

    it("are limited in rate per player, over channels and instances, with the time to wait", async () => {
      await using limited = await startHarness({ CHAT_MESSAGES_PER_MIN: "60", CHAT_MESSAGE_BURST: "4" });
      const { call: other } = await limited.another();
      const ann = person();
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, i) =>
          (i % 2 === 0 ? limited.call : other)
            .postMessage({ actor: ann, channelId: GLOBAL_CHANNEL_ID, body: "spam", key: `s${i}` })
            .then(
              () => "posted",
              (err: { code: string; details?: { retryAfterS: number } }) => `${err.code} ${err.details?.retryAfterS}`,
            ),
        ),
      );
      expect(outcomes.filter((outcome) => outcome === "posted")).toHaveLength(4);
      expect(outcomes.filter((outcome) => outcome === "chat_rate_limited 1")).toHaveLength(8);
      limited.advance(1.1);
      await limited.call.postMessage({ actor: ann, channelId: GLOBAL_CHANNEL_ID, body: "calmer", key: "later" });
    });
  });

  describe("channels", () => {
    it.each([
      ["fil\u3164ler", "invisible"],
      ["a \u0301bc", "mark_without_base"],
      ["a\u0335\u0336\u0337bc", "too_many_marks"],
      ["_-_", "only_separators"],
    ])("have names that can be read as they are written: not %j", async (name, reason) => {
      await expect(harness.call.createRoom({ actor: person(), name })).rejects.toMatchObject({
        code: "invalid_request",
        details: { reason },
      });
    });

    it("of two players are one, whoever opens it and however often at once", async () => {
      const [ann, bob] = [person("Ann"), person("Bob")];
      const opened = await Promise.all([
        ...Array.from({ length: 4 }, () =>
          harness.call.openDirect({ actor: ann, playerId: bob.playerId, playerName: "Bob" }),
        ),
        ...Array.from({ length: 4 }, () =>
          harness.call.openDirect({ actor: bob, playerId: ann.playerId, playerName: "Ann" }),
        ),
      ]);
      expect(new Set(opened.map(({ channel }) => channel?.channelId)).size).toBe(1);
      expect(opened[0]?.channel).toMatchObject({ name: "Bob", subjectId: bob.playerId });
      expect(opened[7]?.channel).toMatchObject({ name: "Ann", subjectId: ann.playerId });
      await expect(
        harness.call.openDirect({ actor: ann, playerId: ann.playerId, playerName: "Ann" }),
      ).rejects.toMatchObject({ code: "invalid_request" });
    });

    it("of a match are its players' own", async () => {
      const [ann, bob, eve, mod] = [person(), person(), person(), person("mod", true)];
      const matchId = randomUUID();
      await expect(harness.call.openMatch({ actor: ann, matchId })).rejects.toMatchObject({ code: "match_not_found" });
      harness.matches.set(matchId, [ann.playerId, bob.playerId]);
      await expect(harness.call.openMatch({ actor: eve, matchId })).rejects.toMatchObject({
        code: "channel_not_found",
      });
      const { channel } = await harness.call.openMatch({ actor: ann, matchId });
      const channelId = channel?.channelId as string;
      await post(bob, channelId, "gg");
      expect(await bodies(ann, channelId)).toEqual(["gg"]);
      expect(await bodies(mod, channelId)).toEqual(["gg"]);
      for (const attempt of [
        () => bodies(eve, channelId),
        () => post(eve, channelId, "hi"),
        () => post(mod, channelId, "hi"),
      ])
        await expect(attempt()).rejects.toMatchObject({ code: "channel_not_found" });
      await expect(
        harness.call.addMember({ actor: ann, channelId, playerId: eve.playerId, playerName: "Eve" }),
      ).rejects.toMatchObject({ code: "not_allowed" });
    });

    it("of two players are not read by moderators", async () => {
      const [ann, bob, mod] = [person(), person(), person("mod", true)];
      const { channel } = await harness.call.openDirect({ actor: ann, playerId: bob.playerId, playerName: "Bob" });
      await expect(bodies(mod, channel?.channelId as string)).rejects.toMatchObject({ code: "channel_not_found" });
    });

    it("with names: public ones are joined, private ones are not even there", async () => {
      const [ann, bob] = [person(), person()];
      await harness.call.createRoom({ actor: ann, name: "Open House" });
      await harness.call.createRoom({ actor: ann, name: "Back Room", private: true });
      const { channel } = await harness.call.joinRoom({ actor: bob, name: "open  HOUSE" });
      await post(bob, channel?.channelId as string, "hi");
      await expect(harness.call.joinRoom({ actor: bob, name: "Back Room" })).rejects.toMatchObject({
        code: "channel_not_found",
      });
      await expect(harness.call.createRoom({ actor: bob, name: "Back Room" })).rejects.toMatchObject({
        code: "room_name_taken",
      });
      // One letter that is eighteen when it is written out.
      await expect(harness.call.createRoom({ actor: bob, name: "ab\u3164cd" })).rejects.toMatchObject({
        code: "invalid_request",
      });
      await expect(harness.call.createRoom({ actor: bob, name: "\u{fdfa}".repeat(32) })).rejects.toMatchObject({
        code: "invalid_request",
      });
    });

    it("are left by oneself, and taken away by the owner only", async () => {
      const [ann, bob, carl] = [person(), person(), person()];
      const channelId = await room(ann, [bob, carl], true);
      const remove = (actor: Person, whom: Person): Promise<unknown> =>
        harness.call.removeMember({ actor, channelId, playerId: whom.playerId });
      await expect(remove(bob, carl)).rejects.toMatchObject({ code: "not_allowed" });
      await remove(bob, bob);
      await remove(ann, carl);
      await expect(remove(ann, carl)).rejects.toMatchObject({ code: "member_not_found" });
      await expect(post(carl, channelId, "still here")).rejects.toMatchObject({ code: "channel_not_found" });
      const { members } = await harness.call.listMembers({ actor: ann, channelId });
      expect(members.map((member) => member.playerId)).toEqual([ann.playerId]);
    });

    it("have limits: rooms per owner, members per room", async () => {
      await using small = await startHarness({ CHAT_ROOMS_OWNED_MAX: "1", CHAT_ROOM_MEMBERS_MAX: "2" });
      const [ann, bob, carl] = [person(), person(), person()];
      await small.call.createRoom({ actor: ann, name: "first" });
      await small.call.createRoom({ actor: ann, name: "first" }); // a repeat
      await expect(small.call.createRoom({ actor: ann, name: "second" })).rejects.toMatchObject({
        code: "too_many_rooms",
      });
      await small.call.joinRoom({ actor: bob, name: "first" });
      await small.call.joinRoom({ actor: bob, name: "first" });
      await expect(small.call.joinRoom({ actor: carl, name: "first" })).rejects.toMatchObject({ code: "channel_full" });
    });
  });

  describe("mutes and blocks", () => {
    it("a mute keeps a player from posting, here or everywhere, until it ends", async () => {
      const [ann, bob, mod] = [person(), person(), person("mod", true)];
      const channelId = await room(ann, [bob]);
      const mute = (actor: Person, where: string): Promise<unknown> =>
        harness.call.mutePlayer({ actor, channelId: where, playerId: bob.playerId, seconds: 60, reason: "spam" });
      await expect(mute(bob, channelId)).rejects.toMatchObject({ code: "not_allowed" });
      await expect(mute(ann, "")).rejects.toMatchObject({ code: "not_allowed" });
      await mute(ann, channelId);
      await expect(post(bob, channelId, "x")).rejects.toMatchObject({
        code: "muted",
        message: expect.stringContaining(": spam") as string, // all that a client of the realtime connection gets
        details: { reason: "spam" },
      });
      await post(bob, GLOBAL_CHANNEL_ID, "elsewhere");
      await mute(mod, "");
      await expect(post(bob, GLOBAL_CHANNEL_ID, "x")).rejects.toMatchObject({ code: "muted" });
      await harness.call.unmutePlayer({ actor: mod, channelId: "", playerId: bob.playerId });
      await post(bob, GLOBAL_CHANNEL_ID, "back");
      harness.advance(61);
      await post(bob, channelId, "back here too");
    });

    it("a block hides messages from who blocks, and refuses direct ones both ways", async () => {
      const [ann, bob] = [person(), person()];
      const channelId = await room(ann, [bob]);
      const { channel } = await harness.call.openDirect({ actor: ann, playerId: bob.playerId, playerName: "Bob" });
      const direct = channel?.channelId as string;
      await post(bob, channelId, "from bob");
      await post(ann, channelId, "from ann");
      await harness.call.blockPlayer({ actor: ann, playerId: bob.playerId });
      expect(await bodies(ann, channelId)).toEqual(["from ann"]);
      expect(await bodies(bob, channelId)).toEqual(["from bob", "from ann"]);
      for (const actor of [ann, bob])
        await expect(post(actor, direct, "psst")).rejects.toMatchObject({ code: "blocked" });
      expect((await harness.call.listBlocked({ actor: ann })).playerIds).toEqual([bob.playerId]);
      await harness.call.unblockPlayer({ actor: ann, playerId: bob.playerId });
      await post(bob, direct, "psst");
    });
  });
});
