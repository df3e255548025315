// Nothing of a conversation is missing on the page, whatever comes in which order.
import { FakeConnection, message, settled, somebody } from "../../test/tab.ts";
import type { Channel, MessagePage } from "@muster/client";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { client, player, realtime, signOut } from "../session/session.ts";
import {
  channels,
  chatEnded,
  chatLost,
  markRead,
  onMessage,
  openChannel,
  opened,
  readOlder,
  startChat,
  unread,
} from "./chat.ts";

const ROOM: Channel = { channelId: "room", kind: "room", name: "room", lastSeq: 0, lastReadSeq: 0, unread: 0 };

let connection: FakeConnection;
let history: PromiseWithResolvers<MessagePage>[];
const connect = vi.spyOn(client, "connect");
const channelList = vi.spyOn(client.chat, "channels");
const read = vi.spyOn(client.chat, "history");
vi.spyOn(client.chat, "invitations").mockResolvedValue([]);
vi.spyOn(client, "logOut").mockResolvedValue();

beforeEach(() => {
  connection = new FakeConnection();
  history = [];
  connect.mockImplementation(async () => connection.asRealtime);
  channelList.mockResolvedValue([ROOM]);
  read.mockReset().mockImplementation(() => {
    const answer = Promise.withResolvers<MessagePage>();
    history.push(answer);
    return answer.promise;
  });
  player.value = somebody("ann");
});
afterEach(async () => {
  await signOut();
});

const shown = (): (string | number)[] => opened.value.get("room")?.messages.map(({ body }) => body) ?? [];
const bodies = (...seqs: number[]): string[] => seqs.map((seq) => `message ${seq}`);
const answer = async (seqs: readonly number[], more = false): Promise<void> => {
  history.at(-1)?.resolve({ messages: seqs.map((seq) => message(seq)), more });
  await settled();
};
const subscribed = async (): Promise<void> => {
  connection.subscribed.resolve();
  await settled();
};
/** Another connection takes the place of this one, and its delivery begins. */
const restarted = async (): Promise<void> => {
  realtime.value?.close();
  connection = new FakeConnection();
  const starting = startChat();
  await subscribed();
  await starting;
};
/** The room is open with these messages. */
const openedWith = async (seqs: readonly number[], more = false): Promise<void> => {
  const opening = openChannel("room");
  await subscribed();
  await answer(seqs, more);
  await opening;
};

it("reads the history only once delivery has begun, so that what is written in between is in one of them", async () => {
  const opening = openChannel("room");
  await settled();
  expect(connection.subscribeToChat).toHaveBeenCalledOnce();
  expect(read).not.toHaveBeenCalled();
  await subscribed();
  await answer([1, 2]);
  await opening;
  expect(shown()).toEqual(bodies(1, 2));
});

it("reads the history without delivery where that does not begin, and again when it does", async () => {
  connection.subscribed.reject(new Error("chat is away"));
  const opening = openChannel("room");
  await settled();
  await answer([1]);
  await opening;
  expect(shown()).toEqual(bodies(1));
  await restarted();
  expect(opened.value.has("room")).toBe(false);
});

it("asks for delivery again after it was refused", async () => {
  const refused = startChat();
  await settled();
  connection.subscribed.reject(new Error("chat is away"));
  await expect(refused).rejects.toThrow("chat is away");
  connection.subscribed = Promise.withResolvers();
  const starting = startChat();
  await subscribed();
  await starting;
  expect(connection.subscribeToChat).toHaveBeenCalledTimes(2);
});

it("shows what is delivered while two places read the history of one channel", async () => {
  const [one, other] = [openChannel("room"), openChannel("room")];
  await subscribed();
  onMessage(message(2));
  for (const answered of history) answered.resolve({ messages: [message(1)], more: false });
  await Promise.all([one, other]);
  expect(shown()).toEqual(bodies(1, 2));
});

it("shows what is delivered while the history is on its way, in its newest words", async () => {
  const opening = openChannel("room");
  await subscribed();
  onMessage({ ...message(2), body: "edited", edited: true });
  onMessage(message(3));
  await answer([1, 2]);
  await opening;
  expect(shown()).toEqual(["message 1", "edited", "message 3"]);
});

it("takes an edit of a message that is further back than what is shown for no message of the page", async () => {
  const opening = openChannel("room");
  await subscribed();
  onMessage({ ...message(3), body: "edited", edited: true });
  await answer([51, 52], true);
  await opening;
  onMessage({ ...message(4), body: "edited", edited: true });
  expect(shown()).toEqual(bodies(51, 52));
});

it("reads anew what was read across a reset", async () => {
  const opening = openChannel("room");
  await subscribed();
  connection.chat?.onChannels?.([{ ...ROOM, lastSeq: 9, reset: true }]);
  await answer([1, 2]);
  expect(opened.value.has("room")).toBe(false);
  await answer([8, 9], true);
  await opening;
  expect(shown()).toEqual(bodies(8, 9));
});

it("drops a channel at a reset, and older messages that were on their way to what was there", async () => {
  await openedWith([51, 52], true);
  const older = readOlder("room");
  connection.chat?.onChannels?.([{ ...ROOM, lastSeq: 90, reset: true }]);
  await answer([49, 50]);
  await older;
  expect(opened.value.has("room")).toBe(false);
});

it("keeps what is there where a list of channels has no reset", async () => {
  await openedWith([1]);
  connection.chat?.onChannels?.([{ ...ROOM, lastSeq: 1, reset: false }]);
  expect(shown()).toEqual(bodies(1));
});

it("puts older messages before those that are there", async () => {
  await openedWith([3, 4], true);
  const older = readOlder("room");
  expect(read).toHaveBeenLastCalledWith("room", { before: 3, limit: 50 });
  onMessage({ ...message(2), body: "edited meanwhile" });
  await answer([1, 2]);
  await older;
  expect(shown()).toEqual(["message 1", "edited meanwhile", "message 3", "message 4"]);
  expect(opened.value.get("room")?.older).toBe(false);
});

it("says that the connection is lost until it is back, and why it was given up until there is another; then it reads anew", async () => {
  await openedWith([1]);
  connection.tell("reconnecting");
  expect(chatLost.value).toBe(true);
  connection.tell("connected");
  expect(chatLost.value).toBe(false);
  connection.tell("reconnecting");
  connection.tell("closed");
  expect([chatLost.value, chatEnded.value?.code]).toEqual([false, "closed"]);
  await restarted();
  expect(chatEnded.value).toBeUndefined();
  expect(opened.value.has("room")).toBe(false); // what was written in between would be missing
});

it("counts what is unread, and takes a list that was made before for older than what is known", async () => {
  const starting = startChat();
  await subscribed();
  await starting;
  onMessage(message(1));
  onMessage(message(2));
  onMessage({ ...message(2), body: "edited" });
  onMessage({ ...message(3), authorId: "id-of-ann" });
  expect(channels.value?.[0]).toMatchObject({ lastSeq: 3, unread: 2 });
  connection.chat?.onChannels?.([{ ...ROOM, lastSeq: 1, unread: 1, reset: false }]);
  expect(channels.value?.[0]).toMatchObject({ lastSeq: 3, unread: 2 });
});

it("marks as read what is there, and never back", async () => {
  const starting = startChat();
  await openedWith([1, 2]);
  await starting;
  const [first, second] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  const mark = vi.spyOn(client.chat, "markRead").mockReturnValueOnce(first.promise).mockReturnValueOnce(second.promise);
  const marking = markRead("room");
  onMessage(message(3));
  const markingAgain = markRead("room");
  expect(mark.mock.calls.map(([, seq]) => seq)).toEqual([2, 3]);
  second.resolve(0);
  await settled();
  first.resolve(1);
  await Promise.all([marking, markingAgain]);
  expect(channels.value?.[0]).toMatchObject({ lastReadSeq: 3, unread: 0 });
});

it("shows one player nothing of what another one has read, however they follow each other", async () => {
  const starting = startChat();
  await openedWith([1]);
  await starting;
  const late = startChat();
  connection.tell("closed");
  player.value = somebody("bob"); // signs in without that Ann has signed out
  expect([channels.value, opened.value.size, chatEnded.value]).toEqual([undefined, 0, undefined]);
  await late.catch(() => undefined);
  expect(channels.value).toBeUndefined();
  const opening = openChannel("room");
  await subscribed();
  player.value = somebody("cleo");
  await answer([1]);
  await opening;
  expect(opened.value.size).toBe(0);
});

it("asks what is unread without opening a connection, which would end that of another tab", async () => {
  vi.useFakeTimers();
  connect.mockClear();
  channelList.mockResolvedValue([
    { ...ROOM, lastSeq: 2, unread: 2 },
    { ...ROOM, channelId: "all", kind: "global", lastSeq: 9, unread: 9 },
  ]);
  player.value = somebody("dora");
  await vi.advanceTimersByTimeAsync(2000);
  vi.useRealTimers();
  expect(unread.value).toBe(2);
  expect(connect).not.toHaveBeenCalled();
});

it("learns of a channel that somebody opened with its first message", async () => {
  channelList.mockResolvedValue([]);
  const starting = startChat();
  await subscribed();
  await starting;
  channelList.mockResolvedValue([{ ...ROOM, lastSeq: 1, unread: 1 }]);
  onMessage(message(1));
  await settled();
  expect(unread.value).toBe(1);
});
