// What strangers can do to a player's list of channels.
import { describeWithMariadb, until } from "@muster/testkit";
import { sql } from "kysely";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, type Person, person, startHarness, TestStream } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";
import { listChannelsOf } from "./store/channels.ts";

describeWithMariadb("direct channels", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness({ CHAT_DIRECT_BURST: "3", CHAT_DIRECT_TO_PLAYER_BURST: "5" });
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  let keys = 0;
  const open = async (actor: Person, other: Person): Promise<string> => {
    const { channel } = await harness.call.openDirect({ actor, playerId: other.playerId, playerName: other.name });
    return channel?.channelId as string;
  };
  const post = (actor: Person, channelId: string, body: string): Promise<unknown> =>
    harness.call.postMessage({ actor, channelId, body, key: `k${++keys}` });
  const listed = async (actor: Person): Promise<string[]> =>
    (await harness.call.listChannels({ actor })).channels.map(({ channelId }) => channelId);
  const leave = (actor: Person, channelId: string): Promise<unknown> =>
    harness.call.removeMember({ actor, channelId, playerId: actor.playerId });

  it("are one for two players, however their ids are spelt", async () => {
    const [ann, bob] = [person(), person()];
    const loud = { ...bob, playerId: bob.playerId.toUpperCase() };
    const channelId = await open(ann, bob);
    expect(await open(ann, loud)).toBe(channelId);
    expect(await open(loud, ann)).toBe(channelId);
    await harness.call.blockPlayer({ actor: ann, playerId: loud.playerId });
    await expect(post(bob, channelId, "psst")).rejects.toMatchObject({ code: "blocked" });
  });

  it("with strangers are limited for who opens them, with the time to wait; what is there is found without a limit", async () => {
    const ann = person();
    const others = Array.from({ length: 4 }, () => person());
    for (const other of others.slice(0, 3)) await open(ann, other);
    await expect(open(ann, others[3] as Person)).rejects.toMatchObject({
      code: "too_many_directs",
      details: { retryAfterS: expect.any(Number) as number },
    });
    for (const other of others.slice(0, 3)) await open(ann, other);
    const matchId = randomUUID();
    const [friend] = others.slice(3);
    harness.matches.set(matchId, [ann.playerId, friend?.playerId as string]);
    await harness.call.openMatch({ actor: ann, matchId });
    await open(ann, friend as Person);
  });

  it("are limited for whom many strangers write to", async () => {
    const victim = person();
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () =>
        open(person(), victim).then(
          () => "opened",
          (err: { code: string }) => err.code,
        ),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === "opened")).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === "too_many_directs")).toHaveLength(7);
  });

  it("of one address take only its share of what strangers may open with a player, an IPv6 one's by its /64", async () => {
    await using shared = await startHarness({ CHAT_DIRECT_TO_PLAYER_BURST: "12" });
    const outcome = (call: Promise<unknown>): Promise<string> =>
      call.then(
        () => "opened",
        (err: { code: string }) => err.code,
      );
    const openFrom = (clientAddress: string, victim: Person): Promise<string> =>
      outcome(
        shared.call.openDirect({ actor: person(), playerId: victim.playerId, playerName: victim.name, clientAddress }),
      );
    const inviteFrom = async (clientAddress: string, { playerId, name }: Person): Promise<string> => {
      const actor = person();
      const { channel } = await shared.call.createRoom({ actor, name: `shared ${++keys}`, private: true });
      const channelId = channel?.channelId as string;
      return outcome(shared.call.addMember({ actor, channelId, playerId, playerName: name, clientAddress }));
    };
    for (const crowd of [
      () => "198.51.100.7",
      () => `2001:db8:1:2:${Math.floor(Math.random() * 0xffff).toString(16)}::1`,
    ]) {
      const victim = person();
      const outcomes: string[] = [];
      for (let i = 0; i < 4; i++) outcomes.push(await openFrom(crowd(), victim), await inviteFrom(crowd(), victim));
      expect(outcomes.filter((one) => one === "opened")).toHaveLength(3);
      expect(outcomes.filter((one) => one === "too_many_directs")).toHaveLength(5);
      for (const honest of ["198.51.100.8", "2001:db8:1:3::1"]) expect(await openFrom(honest, victim)).toBe("opened");
      expect(await inviteFrom("203.0.113.1", victim)).toBe("opened");
    }
  });

  it("leave an owner no more rooms than it may have, however many are asked for at once", async () => {
    const owner = person();
    const made = await Promise.allSettled(
      Array.from({ length: 25 }, () => harness.call.createRoom({ actor: owner, name: `many ${++keys}` })),
    );
    expect(made.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
  });

  it("are listed by last activity, over an index", async () => {
    const [ann, bob, eve] = [person(), person(), person()];
    const old = await open(bob, ann);
    const spam = await open(eve, ann);
    await post(eve, spam, "buy");
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID, spam, old]);
    await post(bob, old, "hello again");
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID, old, spam]);
    const { rows } = await sql<{ table: string; type: string; key: string }>`
      explain select c.id from members m join channels c on c.id = m.channel_id
      where m.player_id = ${ann.playerId} and m.is_hidden = 0 and c.kind != 'global'
      order by c.active_at desc, c.id desc limit 501`.execute(harness.db);
    expect(rows.map(({ type }) => type)).not.toContain("ALL");
    expect((await listChannelsOf(harness.db, ann.playerId)).channels.length).toBe(3);
  });

  it("are hidden by leaving them, in list and delivery, until one writes or opens them", async () => {
    const [ann, bob] = [person(), person()];
    const channelId = await open(bob, ann);
    const stream = new TestStream(harness.call);
    stream.attach(ann.playerId);
    const inLast = (): boolean | undefined =>
      stream
        .lists(ann.playerId)
        .at(-1)
        ?.channels.some(({ channel }) => channel?.channelId === channelId);
    await until(() => (inLast() ? undefined : "not attached"));
    await leave(ann, channelId);
    await leave(ann, channelId); // a repeat
    await until(() => (inLast() ? "still there" : undefined));
    await post(bob, channelId, "are you there?");
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID]);
    expect(await listed(bob)).toContain(channelId);
    await post(ann, channelId, "back");
    await until(() => (inLast() ? undefined : "still hidden"));
    await post(bob, channelId, "good");
    await until(() => (stream.bodies(channelId).includes("good") ? undefined : "nothing yet"));
    expect(stream.bodies(channelId)).not.toContain("are you there?");
    await leave(ann, channelId);
    await open(ann, bob);
    expect(await listed(ann)).toContain(channelId);
    await stream.close();
  });

  it("of blocked players are hidden, and they open no others", async () => {
    const [ann, bob, eve] = [person(), person(), person()];
    const channelId = await open(bob, ann);
    await harness.call.blockPlayer({ actor: ann, playerId: bob.playerId });
    expect(await listed(ann)).toEqual([GLOBAL_CHANNEL_ID]);
    await harness.call.blockPlayer({ actor: ann, playerId: eve.playerId });
    for (const other of [bob, eve]) await expect(open(other, ann)).rejects.toMatchObject({ code: "blocked" });
    expect(await listed(bob)).toContain(channelId);
  });
});
