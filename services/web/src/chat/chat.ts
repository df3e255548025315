// This tab's chat: the channels, and the messages of those that were opened. It goes on while other pages are shown.
import type { Channel, Invitation, Message, MessagePage, MusterError, Realtime } from "@muster/client";
import { computed, effect, signal } from "@preact/signals";
import { detach } from "../detach.ts";
import { client, connect, player, realtime } from "../session/session.ts";

export interface Opened {
  /** By number, oldest first, without gaps. */
  readonly messages: readonly Message[];
  readonly older: boolean;
}

const PAGE = 50;
/** A history that is read before delivery has begun is read again after that. This long it is waited for, so that this is rare. */
const DELIVERY_WITHIN_MS = 2000;

export const channels = signal<readonly Channel[] | undefined>(undefined);
export const opened = signal<ReadonlyMap<string, Opened>>(new Map());
export const invitations = signal<readonly Invitation[] | undefined>(undefined);
/** What the navigation counts: what is said to this player among others. What is said to everybody is not. */
export const unread = computed(() =>
  (channels.value ?? []).reduce((sum, one) => sum + (one.kind === "global" ? 0 : one.unread), 0),
);
/** The realtime connection is away, and is being opened again. */
export const chatLost = signal(false);
/** Why it does not come back by itself: nothing is delivered until `startChat` opens another one. That is left to the player, who may have it in another tab. */
export const chatEnded = signal<MusterError | undefined>(undefined);

/** The first look waits until the page is there. */
const FIRST_LOOK_MS = 1500;
const LOOK_EVERY_MS = 60_000;

let reader: string | undefined;
let subscription: { readonly to: Realtime; readonly begun: Promise<void> } | undefined;
/** How often delivery has begun without what came before: a history that was read across such a moment may lack something. */
let beginnings = 0;
/** By channel whose history is being read: what is delivered meanwhile, which is newer than the history's answer. */
const arriving = new Map<string, Message[]>();

/** What one player has read is not the next one's. */
effect(() => {
  const who = player.value?.playerId;
  if (who === reader) return;
  reader = who;
  subscription = undefined;
  beginnings++;
  channels.value = undefined;
  invitations.value = undefined;
  opened.value = new Map();
  chatEnded.value = undefined;
});
effect(() =>
  realtime.value?.onConnection(({ state, reason }) => {
    chatLost.value = state === "reconnecting";
    chatEnded.value = state === "closed" ? reason : undefined;
  }),
);

/**
 * Every page counts what is unread. A tab that has no connection asks for it now and then: it must not open one for that, because a player has
 * one connection, and another tab may be in a match by it. With a connection, it is delivered.
 */
effect(() => {
  if (!player.value) return;
  const look = (): void => {
    if (document.visibilityState !== "hidden") detach(readLists().catch(() => undefined)); // the next look is soon
  };
  const first = setTimeout(look, FIRST_LOOK_MS);
  const again = setInterval(look, LOOK_EVERY_MS);
  return () => [clearTimeout(first), clearInterval(again)];
});
effect(() => {
  if (realtime.value) detach(startChat().catch(() => undefined)); // pages of chat start it too, and say what is wrong
});

/** @throws MusterError */
export async function readLists(): Promise<void> {
  const whose = reader;
  const [list, invited] = await Promise.all([client.chat.channels(), client.chat.invitations()]);
  if (reader !== whose) return;
  setChannels(list);
  invitations.value = invited;
}

/** After this player blocked somebody, or no longer does: other messages are hidden then, and other channels. @throws MusterError */
export async function readAnew(): Promise<void> {
  await readLists();
  dropOpened([...opened.peek().keys()]);
}

/** @throws MusterError */
export async function startChat(): Promise<void> {
  const whose = reader;
  await subscribe();
  const list = await client.chat.channels();
  if (reader === whose) setChannels(list);
}

/** @throws MusterError */
export async function openChannel(channelId: string): Promise<void> {
  const whose = reader;
  // Delivery first: what is written before it begins is in the history, and nothing in neither. Without delivery there is the history.
  await Promise.race([
    subscribe().catch(() => undefined),
    new Promise((resolve) => setTimeout(resolve, DELIVERY_WITHIN_MS)),
  ]);
  while (reader === whose && !opened.peek().has(channelId)) {
    const beginning = beginnings;
    const { messages, more } = await readPage(channelId, {});
    if (beginning === beginnings && !opened.peek().has(channelId)) keep(channelId, messages, more);
  }
}

/** @throws MusterError */
export async function readOlder(channelId: string): Promise<void> {
  const first = opened.peek().get(channelId)?.messages[0]?.seq;
  if (first === undefined) return;
  const { messages, more } = await readPage(channelId, { before: first });
  // Unless it was dropped meanwhile: then these do not lead to what is there.
  if (opened.peek().get(channelId)?.messages[0]?.seq === first) keep(channelId, messages, more);
}

/** Up to the newest message that is here. */
export async function markRead(channelId: string): Promise<void> {
  const last = opened.peek().get(channelId)?.messages.at(-1);
  if (!last) return;
  const unread = await client.chat.markRead(channelId, last.seq);
  const before = channels.peek()?.find((one) => one.channelId === channelId)?.lastReadSeq ?? 0;
  if (last.seq >= before) change(channelId, { unread, lastReadSeq: last.seq });
}

/** Shows a message of which an answer of the server, or delivery, tells. */
export function onMessage(message: Message): void {
  const { channelId, seq } = message;
  arriving.get(channelId)?.push(message);
  const here = opened.peek().get(channelId);
  if (here && (here.messages.length === 0 || seq >= (here.messages[0] as Message).seq))
    keep(channelId, [message], here.older);
  const channel = channels.peek()?.find((one) => one.channelId === channelId);
  if (!channel && channels.peek()) detach(learnOfChannel()); // somebody opened it just now
  if (!channel || seq <= channel.lastSeq) return;
  const own = message.authorId === player.peek()?.playerId;
  change(channelId, { lastSeq: seq, unread: channel.unread + (own ? 0 : 1) });
}

async function subscribe(): Promise<void> {
  const to = await connect();
  if (subscription?.to !== to) {
    const begun = to.subscribeToChat({ onMessage, onChannels }).then(() => {
      if (subscription?.to === to) dropOpened([...opened.peek().keys()]);
    });
    subscription = { to, begun };
    begun.catch(() => {
      if (subscription?.to === to) subscription = undefined;
    });
  }
  await subscription.begun;
}

/** Each with `reset` was away for too long: what was missed is not delivered. */
function onChannels(list: readonly (Channel & { readonly reset: boolean })[]): void {
  setChannels(list);
  const reset = list.filter((one) => one.reset).map(({ channelId }) => channelId);
  if (reset.length > 0) dropOpened(reset);
}

/** Their pages read the newest messages instead of those that are here, to which these may not lead. */
function dropOpened(channelIds: readonly string[]): void {
  beginnings++;
  const rest = new Map(opened.peek());
  for (const channelId of channelIds) rest.delete(channelId);
  if (rest.size < opened.peek().size) opened.value = rest;
}

/** A list may have been made before what is known here already. */
function setChannels(list: readonly Channel[]): void {
  const known = new Map(channels.peek()?.map((one) => [one.channelId, one]));
  channels.value = list.map((one) => {
    const here = known.get(one.channelId);
    if (!here || (here.lastSeq <= one.lastSeq && here.lastReadSeq <= one.lastReadSeq)) return one;
    return { ...one, lastSeq: here.lastSeq, lastReadSeq: here.lastReadSeq, unread: here.unread };
  });
}

async function readPage(channelId: string, where: { readonly before?: number }): Promise<MessagePage> {
  const arrived = arriving.get(channelId) ?? [];
  arriving.set(channelId, arrived);
  try {
    const { messages, more } = await client.chat.history(channelId, { ...where, limit: PAGE });
    const first = messages[0]?.seq ?? 0;
    return { messages: [...messages, ...arrived.filter(({ seq }) => seq >= first)], more };
  } finally {
    arriving.delete(channelId);
  }
}

let learning: Promise<void> | undefined;
/** Once for all messages that come meanwhile. */
function learnOfChannel(): Promise<void> {
  return (learning ??= readLists()
    .catch(() => undefined) // the next message, or the next look, tells again
    .finally(() => (learning = undefined)));
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
