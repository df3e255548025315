// Of a server: chat.
import { randomUUID } from "node:crypto";
import type { Check } from "../checks.ts";
import { holds, same } from "../expect.ts";
import { type Bench, positive } from "./bench.ts";
import { type Account, rest, type Socket } from "./player.ts";

interface Chatter {
  readonly account: Account;
  readonly socket: Socket;
}

export const CHAT_CHECKS: readonly Check<Bench>[] = [
  {
    name: "delivers each message once, to all members, and what was missed after a lost connection",
    rows: [
      "chat/in-every-state",
      "chat/chatsubscribe",
      "chat/after-that-every",
      "chat/after-a-lost-connection",
      "chat/chatsend",
    ],
    async run(bench) {
      const { owner, member, channelId } = await room(bench);
      const channels = await subscribe(member.socket);
      holds(channels.has(channelId), "the room is not among the channels");
      const message = { channelId, body: "hello", key: randomUUID() };
      const sent = await owner.socket.ask("chatSend", message);
      same(sent.kind, "chatSent", "the answer to ChatSend");
      same(
        (await owner.socket.ask("chatSend", { ...message, body: "another text" })).value["seq"],
        sent.value["seq"],
        "the number of a repeated message",
      );
      const told = await member.socket.next("chatChanged", (one) => one.channelId === channelId);
      same(
        [told.seq, told.body, told.authorId],
        [sent.value["seq"], "hello", owner.account.playerId],
        "what is told of the message",
      );
      holds(told.change > (channels.get(channelId) as bigint), "the change is not above from_change");
      member.socket.cut();
      const missed = await owner.socket.ask("chatSend", { channelId, body: "while you were away", key: randomUUID() });
      const { socket } = await bench.connected(member.account);
      await subscribe(socket, [{ channelId, change: told.change }]);
      const next = await socket.next("chatChanged", (one) => one.channelId === channelId);
      same([next.seq, next.body], [missed.value["seq"], "while you were away"], "what was missed");
      for (const one of [owner.socket, socket]) one.cut();
    },
  },
  {
    name: "refuses messages by the table",
    rows: [
      "error/not_a_member",
      "error/message_empty",
      "error/message_too_long",
      "error/muted",
      "error/chat_rate_limited",
      "limit/chat-messages-and-edits",
    ],
    async run(bench) {
      const { owner, member, channelId } = await room(bench);
      const stranger = await bench.connected();
      const say = (socket: Socket, body: string): ReturnType<Socket["ask"]> =>
        socket.ask("chatSend", { channelId, body, key: randomUUID() });
      same((await say(stranger.socket, "hello")).kind, "not_a_member", "the answer to one who is no member");
      same((await say(member.socket, "  ")).kind, "message_empty", "the answer to an empty message");
      same((await say(member.socket, "x".repeat(4000))).kind, "message_too_long", "the answer to a long message");
      const mute = `/v1/chat/channels/${channelId}/mutes/${member.account.playerId}`;
      const { status } = await rest(bench.url, "PUT", mute, {
        token: owner.account.accessToken,
        body: { seconds: 60, reason: "too loud" },
      });
      holds(status < 300, `the status of a mute is ${status}`);
      const muted = await say(member.socket, "hello");
      same(
        [muted.kind, String(muted.value["message"]).includes("too loud")],
        ["muted", true],
        "the answer to one who is muted, and whether it says why",
      );
      const answers = [];
      for (let i = 0; i < 10; i++) answers.push(await say(owner.socket, `message ${i}`));
      const limited = answers.find(({ kind }) => kind === "chat_rate_limited");
      holds(limited !== undefined, `the answers to ten messages at once: ${answers.map(({ kind }) => kind).join()}`);
      positive(limited?.value["retryAfterMs"], "retry_after_ms");
      for (const { socket } of [owner, member, stranger]) socket.cut();
    },
  },
  {
    name: "delivers no messages of players who are blocked, and lets nobody write to one who blocks",
    rows: ["chat/messages-of-players", "error/blocked"],
    async run(bench) {
      const { owner, member, channelId } = await room(bench);
      const as = { token: member.account.accessToken };
      const direct = await rest(bench.url, "POST", "/v1/chat/direct", {
        ...as,
        body: { playerId: owner.account.playerId },
      });
      same(
        (await rest(bench.url, "PUT", `/v1/chat/blocks/${owner.account.playerId}`, as)).status,
        204,
        "the status of a block",
      );
      await subscribe(member.socket);
      await owner.socket.ask("chatSend", { channelId, body: "not for you", key: randomUUID() });
      await member.socket.ask("chatSend", { channelId, body: "behind it", key: randomUUID() });
      same(
        (await member.socket.next("chatChanged", (one) => one.channelId === channelId)).body,
        "behind it",
        "the next message that is told",
      );
      const refused = await owner.socket.ask("chatSend", {
        channelId: direct.body["channelId"],
        body: "hello",
        key: randomUUID(),
      });
      same(refused.kind, "blocked", "the answer to one who is blocked");
      for (const { socket } of [owner, member]) socket.cut();
    },
  },
];

/** Two new players in a room of their own. */
async function room(bench: Bench): Promise<{ owner: Chatter; member: Chatter; channelId: string }> {
  const [owner, member] = [await bench.connected(), await bench.connected()];
  const name = `r-${randomUUID().slice(-12)}`;
  const made = await rest(bench.url, "POST", "/v1/chat/rooms", { token: owner.account.accessToken, body: { name } });
  holds(made.status < 300, `the status of a new room is ${made.status}: ${JSON.stringify(made.body)}`);
  const joined = await rest(bench.url, "POST", "/v1/chat/rooms/join", {
    token: member.account.accessToken,
    body: { name },
  });
  holds(joined.status < 300, `the status of joining a room is ${joined.status}`);
  return { owner, member, channelId: made.body["channelId"] as string };
}

/** @returns from_change by channel */
async function subscribe(socket: Socket, cursors: object[] = []): Promise<Map<string, bigint>> {
  const { kind, value } = await socket.ask("chatSubscribe", { cursors });
  same(kind, "chatChannels", "the answer to ChatSubscribe");
  const channels = value["channels"] as { channelId: string; fromChange: bigint }[];
  return new Map(channels.map(({ channelId, fromChange }) => [channelId, fromChange]));
}
