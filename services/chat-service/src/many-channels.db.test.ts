// A player in more channels than fit on one page or are delivered.
import { describeWithMariadb, until } from "@muster/testkit";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness, TestStream } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";
import { insertHint } from "./store/messages.ts";

const DELIVERED_MAX = 500;

describeWithMariadb("many channels", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  let keys = 0;
  const post = (actor: Person, channelId: string, body: string): Promise<unknown> =>
    harness.call.postMessage({ actor, channelId, body, key: `k${++keys}` });
  /** Channels as matches leave them. */
  const addChannels = async (playerId: string, count: number, activeAt: (i: number) => Date): Promise<string[]> => {
    const ids = Array.from({ length: count }, () => randomUUID());
    const none = { is_private: 0, owner_id: null, last_seq: 0n, last_change: 0n, created_at: new Date() };
    await harness.db
      .insertInto("channels")
      .values(
        ids.map((id, i) => ({
          id,
          kind: "match" as const,
          unique_key: `match:${id}`,
          name: "",
          member_count: 1,
          active_at: activeAt(i),
          ...none,
        })),
      )
      .execute();
    await harness.db
      .insertInto("members")
      .values(
        ids.map((id) => ({
          channel_id: id,
          player_id: playerId,
          name: "x",
          joined_change: 0n,
          last_read_seq: 0n,
          joined_at: new Date(),
        })),
      )
      .execute();
    return ids;
  };
  const room = async (owner: Person, member: Person): Promise<string> => {
    const { channel } = await harness.call.createRoom({ actor: owner, name: `many ${++keys}`, private: true });
    const channelId = channel?.channelId as string;
    await letIn(harness.call, owner, channelId, member);
    return channelId;
  };
  const inLast = (stream: TestStream, { playerId }: Person, channelId: string): boolean =>
    stream
      .lists(playerId)
      .at(-1)
      ?.channels.some(({ channel }) => channel?.channelId === channelId) ?? false;
  const attached = async (
    stream: TestStream,
    { playerId }: Person,
    cursors: Record<string, bigint> = {},
  ): Promise<void> => {
    stream.attach(playerId, cursors);
    await until(() => (stream.lists(playerId).length > 0 ? undefined : "not attached"));
  };

  it("are listed by pages of any size, each once, newest first, also when many were active at the same instant", async () => {
    const ann = person();
    const at = Date.now();
    const ids = await addChannels(ann.playerId, 45, (i) => new Date(at - Math.floor(i / 20) * 1000));
    const whole = (await harness.call.listChannels({ actor: ann })).channels.map(({ channelId }) => channelId);
    expect(whole[0]).toBe(GLOBAL_CHANNEL_ID);
    expect(whole.toSorted()).toEqual([GLOBAL_CHANNEL_ID, ...ids].toSorted());
    for (const limit of [1, 7, 20, 44, 45, 46]) {
      const paged: string[] = [];
      for (let cursor = "", more = true; more && paged.length <= whole.length; ) {
        const page = await harness.call.listChannels({ actor: ann, limit, cursor });
        paged.push(...page.channels.map(({ channelId }) => channelId));
        cursor = page.nextCursor;
        more = cursor !== "";
      }
      expect(paged, `pages of ${limit}`).toEqual(whole);
    }
    const noDay = Buffer.from(`channels/2026-02-31 00:00:00.000000/${randomUUID()}`).toString("base64url");
    for (const cursor of ["x", "????", noDay])
      await expect(harness.call.listChannels({ actor: ann, cursor })).rejects.toMatchObject({ code: "bad_cursor" });
  });

  it("fall out of the deliveries by last activity, and come back with the message that makes them active", async () => {
    const [ann, friend] = [person(), person()];
    const channelId = await room(friend, ann);
    const stream = new TestStream(harness.call);
    await attached(stream, ann);
    await post(friend, channelId, "1");
    await until(() => (stream.bodies(channelId).length === 1 ? undefined : "not delivered"));
    await addChannels(ann.playerId, DELIVERED_MAX + 5, () => new Date(Date.now() + 1000));
    await harness.db.transaction().execute((tx) => insertHint(tx, { playerIds: [ann.playerId] }, new Date()));
    await until(() => (inLast(stream, ann, channelId) ? "still delivered" : undefined));
    harness.advance(2);
    for (const body of ["2", "3", "4"]) {
      await post(friend, channelId, body);
      await until(() => (stream.bodies(channelId).at(-1) === body ? undefined : `${body} is not delivered`));
    }
    expect(stream.bodies(channelId)).toEqual(["1", "2", "3", "4"]);
    await stream.close();
  });

  it("beyond the deliveries at the start are delivered from the player's cursor once they are active", async () => {
    const [ann, friend] = [person(), person()];
    const channelId = await room(friend, ann);
    for (const body of ["1", "2", "3"]) await post(friend, channelId, body);
    await addChannels(ann.playerId, DELIVERED_MAX, () => new Date(Date.now() + 4000));
    const stream = new TestStream(harness.call);
    await attached(stream, ann, { [channelId]: 2n });
    expect(inLast(stream, ann, channelId)).toBe(false);
    harness.advance(6);
    await post(friend, channelId, "4");
    await until(() => (stream.bodies(channelId).includes("4") ? undefined : "not delivered"));
    expect(stream.bodies(channelId)).toEqual(["3", "4"]);
    await stream.close();
  });

  it("rooms are hidden as direct channels are, until one shows them or writes in them", async () => {
    const [ann, friend] = [person(), person()];
    const channelId = await room(friend, ann);
    const stream = new TestStream(harness.call);
    await attached(stream, ann);
    const listed = async (): Promise<boolean> =>
      (await harness.call.listChannels({ actor: ann })).channels.some((channel) => channel.channelId === channelId);
    for (const show of [
      () => harness.call.showChannel({ actor: ann, channelId }),
      () => post(ann, channelId, "me again"),
    ]) {
      await harness.call.hideChannel({ actor: ann, channelId });
      expect(await listed()).toBe(false);
      await until(() => (inLast(stream, ann, channelId) ? "still delivered" : undefined));
      await show();
      expect(await listed()).toBe(true);
      await until(() => (inLast(stream, ann, channelId) ? undefined : "not delivered"));
    }
    const hide = (actor: Person, channel: string): Promise<unknown> =>
      harness.call.hideChannel({ actor, channelId: channel });
    await expect(hide(person(), channelId)).rejects.toMatchObject({ code: "channel_not_found" });
    await expect(hide(ann, GLOBAL_CHANNEL_ID)).rejects.toMatchObject({ code: "not_allowed" });
    const global = { actor: ann, channelId: GLOBAL_CHANNEL_ID };
    await expect(harness.call.showChannel(global)).rejects.toMatchObject({ code: "not_allowed" });
    await stream.close();
  });
});
