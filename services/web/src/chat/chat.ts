// This tab's chat: the channels, and the messages of those that were opened. It goes on while other pages are shown.
import type { Channel, Message } from "@muster/client";
import { effect, signal } from "@preact/signals";
import { client, connect, player, realtime } from "../session/session.ts";

export interface Opened {
  /** By number, oldest first, without gaps. */
  readonly messages: readonly Message[];
  readonly older: boolean;
}

const PAGE = 50;

export const channels = signal<readonly Channel[] | undefined>(undefined);
export const opened = signal<ReadonlyMap<string, Opened>>(new Map());
/** The realtime connection is away, and is being opened again. */
export const chatLost = signal(false);

let subscribed: unknown;

/** What one player has read is not the next one's. */
effect(() => {
  if (player.value) return;
  subscribed = undefined;
  channels.value = undefined;
  opened.value = new Map();
});
effect(() => realtime.value?.onConnection(({ state }) => (chatLost.value = state === "reconnecting")));

/** @throws MusterError */
export async function startChat(): Promise<void> {
  const connection = await connect();
  if (subscribed !== connection) {
    await connection.subscribeToChat({ onMessage, onChannels });
    subscribed = connection;
  }
  channels.value = await client.chat.channels();
}

/** @throws MusterError */
export async function openChannel(channelId: string): Promise<void> {
  if (opened.peek().has(channelId)) return;
  const { messages, more } = await client.chat.history(channelId, { limit: PAGE });
  keep(channelId, messages, more);
}

/** @throws MusterError */
export async function readOlder(channelId: string): Promise<void> {
  const first = opened.peek().get(channelId)?.messages[0];
  if (!first) return;
  const { messages, more } = await client.chat.history(channelId, { before: first.seq, limit: PAGE });
  keep(channelId, messages, more);
}

/** Up to the newest message that is here. */
export async function markRead(channelId: string): Promise<void> {
  const last = opened.peek().get(channelId)?.messages.at(-1);
  if (!last) return;
  const unread = await client.chat.markRead(channelId, last.seq);
  change(channelId, { unread, lastReadSeq: last.seq });
}

/** Shows a message of which an answer of the server, or delivery, tells. */
export function onMessage(message: Message): void {
  const { channelId, seq } = message;
  const here = opened.peek().get(channelId);
  if (here && (here.messages.length === 0 || seq >= (here.messages[0] as Message).seq))
    keep(channelId, [message], here.older);
  const channel = channels.peek()?.find((one) => one.channelId === channelId);
  if (!channel || seq <= channel.lastSeq) return;
  const own = message.authorId === player.peek()?.playerId;
  change(channelId, { lastSeq: seq, unread: channel.unread + (own ? 0 : 1) });
}

function onChannels(list: readonly (Channel & { readonly reset: boolean })[]): void {
  channels.value = list;
  for (const { channelId, reset } of list) {
    if (!reset || !opened.peek().has(channelId)) continue;
    // Away for too long: what was missed is not delivered. The page reads the newest messages instead of those that are here.
    const rest = new Map(opened.peek());
    rest.delete(channelId);
    opened.value = rest;
  }
}

function change(channelId: string, to: Partial<Channel>): void {
  channels.value = channels.peek()?.map((one) => (one.channelId === channelId ? { ...one, ...to } : one));
}

function keep(channelId: string, messages: readonly Message[], older: boolean): void {
  const all = new Map(
    opened
      .peek()
      .get(channelId)
      ?.messages.map((one) => [one.seq, one]),
  );
  for (const one of messages) all.set(one.seq, one);
  const sorted = [...all.values()].toSorted((a, b) => a.seq - b.seq);
  opened.value = new Map(opened.peek()).set(channelId, { messages: sorted, older });
}
