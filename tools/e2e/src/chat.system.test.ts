// Chat as players have it: through the ingress, over two gateways and two instances of chat-service.
import { randomUUID } from "node:crypto";
import type { Message, MusterClient } from "@muster/client";
import * as chat from "@muster/chat-service/testing";
import { freePort } from "@muster/local";
import { decodeServerControl, encodeClientControl, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@muster/realtime";
import { describeWithServers, LogLines, until } from "@muster/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connected, playing, type TestPlayer } from "./players.ts";
import { startSystem, type System } from "./system.ts";

interface Talker extends TestPlayer {
  readonly heard: Message[];
  /** Texts of one channel in the order of their arrival. */
  said(channelId: string): string[];
}

describeWithServers("chat", () => {
  let system: System;
  let second: ReturnType<typeof chat.service.createApp>;
  beforeAll(async () => {
    const secondPort = await freePort();
    system = await startSystem({
      secondGateway: true,
      env: {
        CHAT_MESSAGES_PER_MIN: "6000",
        CHAT_MESSAGE_BURST: "100",
        CHAT_CALLS_PER_S: "10000",
        CHAT_CALL_BURST: "10000",
      },
      chatUrls: [`http://127.0.0.1:${secondPort}`],
    });
    second = chat.service.createApp(
      chat.readConfig({ ...system.env, CHAT_GRPC_PORT: String(secondPort), CHAT_ADMIN_PORT: "0" }),
      { log: new LogLines().logger("chat-service 2") },
    );
    await second.start();
  });
  afterAll(async () => {
    await second.stop();
    await system[Symbol.asyncDispose]();
  });

  const talker = async (gateway?: number): Promise<Talker> => {
    const player = await connected(system, gateway === undefined ? {} : { gateway });
    const heard: Message[] = [];
    const listeners = { onMessage: (message: Message) => void heard.push(message) };
    await until(() =>
      player.realtime.subscribeToChat(listeners).then(
        () => undefined,
        (err: Error) => err.message,
      ),
    );
    const said = (channelId: string): string[] =>
      heard.filter((message) => message.channelId === channelId).map((message) => message.body);
    return { ...player, heard, said };
  };
  const room = async (...members: readonly Talker[]): Promise<string> => {
    const name = `room ${randomUUID().slice(0, 8)}`;
    const { channelId } = await (members[0] as Talker).client.chat.createRoom(name);
    for (const { client } of members.slice(1)) await client.chat.joinRoom(name);
    return channelId;
  };
  const close = (...talkers: readonly Talker[]): void => {
    for (const { realtime } of talkers) realtime.close();
  };
  const eachHas = (talkers: readonly Talker[], channelId: string, count: number): Promise<void> =>
    until(() => {
      const counts = talkers.map((one) => one.said(channelId).length);
      return counts.every((have) => have === count) ? undefined : `${counts.join()} of ${count}`;
    });
  const numbers = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i + 1));

  it("brings what is posted over REST and over the socket to everyone in the room, once", async () => {
    const talkers = await Promise.all([talker(), talker(0), talker(1)]);
    const channelId = await room(...talkers);
    for (let i = 1; i <= 20; i++) {
      const author = talkers[i % 3] as Talker;
      if (i % 2 === 0) await author.realtime.sendChat(channelId, String(i));
      else await author.client.chat.post(channelId, String(i));
    }
    await eachHas(talkers, channelId, 20);
    for (const one of talkers) expect(one.said(channelId)).toEqual(numbers(20));
    close(...talkers);
  });

  it("sends a message to a socket once, also when a neighbour on the same gateway catches up", async () => {
    const [ann, bob] = [await connected(system, { gateway: 0 }), await connected(system, { gateway: 0 })];
    const { channelId } = await ann.client.chat.createRoom(`room ${randomUUID().slice(0, 8)}`);
    await ann.client.chat.addMember(channelId, bob.player.playerId);
    expect(await bob.client.chat.invitations()).toMatchObject([{ channelId, inviterId: ann.player.playerId }]);
    await bob.client.chat.acceptInvitation(channelId);
    for (const body of ["1", "2"]) await ann.client.chat.post(channelId, body);
    const near = await rawChat(system, await ann.client.accessToken(), [{ channelId, change: 1n }]);
    await until(() => (near.length === 1 ? undefined : "not yet"));
    const far = await rawChat(system, await bob.client.accessToken(), [{ channelId, change: 0n }]);
    await ann.client.chat.post(channelId, "3");
    await until(() => (far.length === 3 ? undefined : "not all"));
    await until(() => (near.length >= 2 ? undefined : "not all"));
    expect([near, far]).toEqual([
      [2n, 3n],
      [1n, 2n, 3n],
    ]);
  });

  it("has a channel for a match: who plays together talks together", async () => {
    const { players, matches } = await playing(system, "duel");
    const heard: string[] = [];
    await players[1].realtime.subscribeToChat({ onMessage: (message) => void heard.push(message.body) });
    const { channelId } = await players[0].client.chat.match(matches[0].matchId);
    await players[0].client.chat.post(channelId, "good luck");
    await until(() => (heard.includes("good luck") ? undefined : "nothing yet"));
    for (const { realtime } of players) realtime.close();
  });

  it("tells a player of a direct message from somebody new, and not one who blocks", async () => {
    const [ann, bob] = [await talker(0), await talker(1)];
    const { channelId } = await ann.client.chat.direct(bob.player.playerId);
    await ann.client.chat.post(channelId, "hello?");
    await eachHas([bob], channelId, 1);
    const listed = async (): Promise<boolean> =>
      (await bob.client.chat.channels()).some((channel) => channel.channelId === channelId);
    expect(await listed()).toBe(true);
    await bob.client.chat.hideDirect(channelId, bob.player.playerId);
    expect(await listed()).toBe(false);
    await bob.client.chat.direct(ann.player.playerId);
    expect(await listed()).toBe(true);
    await bob.client.chat.block(ann.player.playerId);
    await expect(ann.client.chat.post(channelId, "hello??")).rejects.toMatchObject({ code: "blocked" });
    await expect(ann.realtime.sendChat(channelId, "hello??")).rejects.toMatchObject({ code: "blocked" });
    close(ann, bob);
  });

  it("goes on without loss or repeat when a gateway is killed: clients come back through the other one", async () => {
    const [ann, bob] = [await talker(), await talker(1)]; // ann through the ingress: gateway 0
    const channelId = await room(bob, ann);
    await bob.client.chat.post(channelId, "1");
    await eachHas([ann, bob], channelId, 1);
    await system.stop("gateway");
    for (let i = 2; i <= 9; i++) await bob.client.chat.post(channelId, String(i));
    await system.start("gateway");
    await bob.client.chat.post(channelId, "10");
    await eachHas([ann, bob], channelId, 10);
    for (const one of [ann, bob]) expect(one.said(channelId)).toEqual(numbers(10));
    close(ann, bob);
  });

  it("goes on without loss or repeat when an instance of chat-service is killed: gateways go to the other one", async () => {
    const talkers = await Promise.all([talker(0), talker(1)]);
    const [ann, bob] = talkers as [Talker, Talker];
    const channelId = await room(...talkers);
    for (let i = 1; i <= 5; i++) await ann.realtime.sendChat(channelId, String(i));
    await eachHas(talkers, channelId, 5);
    await system.stop("chat");
    for (let i = 6; i <= 10; i++)
      await until(() =>
        bob.realtime.sendChat(channelId, String(i), `key-${i}`).then(
          () => undefined,
          (err: Error) => err.message,
        ),
      );
    await eachHas(talkers, channelId, 10);
    await system.start("chat");
    for (let i = 11; i <= 15; i++)
      await ann.client.chat.post(channelId, String(i)).catch(() => ann.realtime.sendChat(channelId, String(i)));
    await eachHas(talkers, channelId, 15);
    for (const one of talkers) expect(one.said(channelId)).toEqual(numbers(15));
    close(...talkers);
  });

  it("shows edits and deletions to who listens, and the history to who comes later", async () => {
    const [ann, bob] = [await talker(0), await talker(1)];
    const channelId = await room(ann, bob);
    const { seq } = await ann.client.chat.post(channelId, "tpyo");
    await ann.client.chat.edit(channelId, seq, "typo");
    await ann.client.chat.delete(channelId, seq);
    await until(() => (bob.heard.some((message) => message.seq === seq && message.deleted) ? undefined : "not yet"));
    expect((await bob.client.chat.history(channelId)).messages).toMatchObject([
      { seq, body: "", deleted: true, edited: true },
    ]);
    close(ann, bob);
  });

  it("takes less than 100 ms from the commit to the socket, over two gateways and two instances", async () => {
    const talkers = await Promise.all([talker(0), talker(1)]);
    const [ann, bob] = talkers as [Talker, Talker];
    const channelId = await room(...talkers);
    const times: number[] = [];
    for (let i = 1; i <= 20; i++) {
      await ann.client.chat.post(channelId, String(i));
      const committed = performance.now();
      await eachHas([bob], channelId, i);
      times.push(performance.now() - committed);
    }
    expect(times.toSorted((a, b) => a - b)[10]).toBeLessThan(100);
    close(ann, bob);
  });

  it("refuses what the contract does not allow, with its codes, over REST", async () => {
    const ann = await talker(0);
    const call = async (
      client: MusterClient,
      method: string,
      path: string,
      body?: unknown,
    ): Promise<[number, string]> => {
      const response = await fetch(`${system.url}${path}`, {
        method,
        headers: { authorization: `Bearer ${await client.accessToken()}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const { error } = (await response.json()) as { error: { code: string } };
      return [response.status, error.code];
    };
    const [global] = await ann.client.chat.channels();
    const messages = `/v1/chat/channels/${global?.channelId}/messages`;
    const key = "k1";
    expect(await call(ann.client, "POST", messages, { body: "x".repeat(501), key })).toEqual([400, "message_too_long"]);
    expect(await call(ann.client, "POST", messages, { body: "x".repeat(2001), key })).toEqual([400, "invalid_request"]);
    expect(await call(ann.client, "POST", messages, { body: " ", key })).toEqual([400, "message_empty"]);
    expect(await call(ann.client, "POST", messages, { body: "x" })).toEqual([400, "invalid_request"]);
    expect(await call(ann.client, "POST", `/v1/chat/channels/${randomUUID()}/messages`, { body: "x", key })).toEqual([
      404,
      "channel_not_found",
    ]);
    expect(await call(ann.client, "PATCH", `${messages}/999999`, { body: "x" })).toEqual([404, "message_not_found"]);
    expect(await call(ann.client, "POST", "/v1/chat/direct", { playerId: randomUUID() })).toEqual([
      404,
      "player_not_found",
    ]);
    expect(await call(ann.client, "PUT", `/v1/chat/mutes/${ann.player.playerId}`, { seconds: 5, reason: "x" })).toEqual(
      [403, "not_allowed"],
    );
    close(ann);
  });
});

/** A socket without the SDK, which would hide a repeat. @returns the changes that it gets of the first cursor's channel */
async function rawChat(
  system: System,
  token: string,
  cursors: readonly { channelId: string; change: bigint }[],
): Promise<bigint[]> {
  const socket = new WebSocket(system.gatewayUrls[0] as string, [SUBPROTOCOL, `${TOKEN_SUBPROTOCOL_PREFIX}${token}`]);
  socket.binaryType = "arraybuffer";
  const changes: bigint[] = [];
  const subscribed = Promise.withResolvers<void>();
  socket.addEventListener("message", (event) => {
    const { message } = decodeServerControl(new Uint8Array(event.data as ArrayBuffer));
    if (message.case === "welcome")
      socket.send(
        encodeClientControl({ requestId: 1, message: { case: "chatSubscribe", value: { cursors: [...cursors] } } }),
      );
    else if (message.case === "chatChannels") subscribed.resolve();
    else if (message.case === "chatChanged" && message.value.channelId === cursors[0]?.channelId)
      changes.push(message.value.change);
  });
  await subscribed.promise;
  return changes;
}
