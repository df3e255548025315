import { randomUUID } from "node:crypto";
import { describeWithMariadb } from "@muster/testkit";
import { CompiledQuery } from "kysely";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, letIn, type Person, person, startHarness } from "../test/harness.ts";
import { GLOBAL_CHANNEL_ID } from "./channels.ts";

describeWithMariadb("unread counts", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await startHarness();
  });
  afterAll(async () => {
    await harness[Symbol.asyncDispose]();
  });

  let keys = 0;
  const post = async (actor: Person, channelId: string, body: string): Promise<bigint> =>
    (await harness.call.postMessage({ actor, channelId, body, key: `k${++keys}` })).message?.seq as bigint;
  const room = async (owner: Person, members: readonly Person[]): Promise<string> => {
    const { channel } = await harness.call.createRoom({ actor: owner, name: `room ${randomUUID().slice(0, 8)}` });
    for (const member of members) await letIn(harness.call, owner, channel?.channelId as string, member);
    return channel?.channelId as string;
  };

  it("follow the last-read mark, which only moves forward", async () => {
    const [ann, bob] = [person(), person()];
    const channelId = await room(ann, [bob]);
    for (let i = 0; i < 5; i++) await post(ann, channelId, `m${i}`);
    const unread = async (actor: Person): Promise<number> =>
      Number(
        (await harness.call.listChannels({ actor })).channels.find((channel) => channel.channelId === channelId)
          ?.unread,
      );
    expect([await unread(ann), await unread(bob)]).toEqual([0, 5]);
    const mark = async (seq: bigint): Promise<unknown> => harness.call.markRead({ actor: bob, channelId, seq });
    expect(await mark(3n)).toMatchObject({ lastReadSeq: 3n, unread: 2n });
    expect(await mark(1n)).toMatchObject({ lastReadSeq: 3n, unread: 2n });
    expect(await mark(99n)).toMatchObject({ lastReadSeq: 5n, unread: 0n });
    await post(ann, channelId, "one more");
    expect(await unread(bob)).toBe(1);
    await post(bob, channelId, "an answer"); // who answers has read
    expect(await unread(bob)).toBe(0);
  });

  it("leave out what the reader may not see, so that reading what there is brings them to 0", async () => {
    const [ann, bob, carl] = [person(), person(), person()];
    const channelId = await room(ann, [bob, carl]);
    const list = async (): Promise<number> => {
      const { channels } = await harness.call.listChannels({ actor: bob });
      return Number(channels.find((channel) => channel.channelId === channelId)?.unread);
    };
    const seen = await post(ann, channelId, "seen");
    const regretted = await post(ann, channelId, "regretted");
    await post(carl, channelId, "of somebody who is blocked");
    expect(await list()).toBe(3);
    await harness.call.deleteMessage({ actor: ann, channelId, seq: regretted });
    await harness.call.blockPlayer({ actor: bob, playerId: carl.playerId });
    await harness.call.showChannel({ actor: bob, channelId });
    expect(await list()).toBe(1);
    const { messages } = await harness.call.listMessages({ actor: bob, channelId });
    const last = messages.filter(({ deletedAt }) => deletedAt === undefined).at(-1)?.seq;
    expect(last).toBe(seen);
    expect(await harness.call.markRead({ actor: bob, channelId, seq: seen })).toMatchObject({ unread: 0n });
    expect(await list()).toBe(0);
  });

  it("are read by one index range, and only so far back", async () => {
    const { rows } = await harness.db.getExecutor().executeQuery<{ type: string; key: string }>(
      CompiledQuery.raw(
        `explain select channel_id, count(*) from messages where ((channel_id = '${GLOBAL_CHANNEL_ID}' and seq > 5) or
         (channel_id = '${randomUUID()}' and seq > 7)) and deleted_at is null group by channel_id`,
      ),
    );
    expect(rows[0]).toMatchObject({ type: "range", key: "PRIMARY" });
  });

  it("of the global channel start with the first mark", async () => {
    const [ann, bob] = [person(), person()];
    const seq = await post(ann, GLOBAL_CHANNEL_ID, "hello everyone");
    const global = async (): Promise<number> =>
      Number((await harness.call.listChannels({ actor: bob })).channels[0]?.unread);
    expect(await global()).toBe(0);
    await harness.call.markRead({ actor: bob, channelId: GLOBAL_CHANNEL_ID, seq });
    await post(ann, GLOBAL_CHANNEL_ID, "anyone?");
    expect(await global()).toBe(1);
  });
});
