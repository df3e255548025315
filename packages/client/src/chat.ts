// Chat: the REST calls, and delivery over the realtime connection.
import type { components } from "@muster/contracts/openapi/edge/v1";
import type { ChatChanged, ChatChannel } from "@muster/contracts/realtime/v1/client";
import { type Method, NOTHING } from "./rest.ts";
import { count, flag, list, maybe, record, type Shape, text, time, word } from "./shapes.ts";

type Schemas = components["schemas"];

/** The fields of a channel that both REST and the realtime connection provide. */
export type Channel = Omit<Schemas["Channel"], "private" | "ownerId" | "lastChange">;

export interface Message {
  readonly channelId: string;
  /** The message's number in its channel: from 1, without gaps. */
  readonly seq: number;
  readonly authorId: string;
  readonly authorName: string;
  /** Empty when deleted. */
  readonly body: string;
  readonly sentAt: Date;
  readonly edited: boolean;
  readonly deleted: boolean;
}

export interface MessagePage {
  /** Oldest first. */
  readonly messages: readonly Message[];
  readonly more: boolean;
}

export interface ChannelPage {
  readonly channels: readonly Channel[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** `name`: the name when the player joined. */
export type Member = Schemas["MemberPage"]["members"][number];

export interface MemberPage {
  /** By player id. */
  readonly members: readonly Member[];
  readonly more: boolean;
}

type InvitationJson = Schemas["Invitation"];

/** An invitation to a room. */
export interface Invitation extends Omit<InvitationJson, "invitedAt" | "expiresAt"> {
  readonly invitedAt: Date;
  /** The invitation can be accepted until then. */
  readonly expiresAt: Date;
}

/** A message as REST sends it, without `change`: the realtime connection delivers changes. */
type MessageJson = Omit<Schemas["Message"], "change">;

const CHANNEL: Shape<Channel> = record<Channel>({
  channelId: text,
  kind: word(),
  name: text,
  subjectId: maybe(text),
  lastSeq: count,
  lastReadSeq: count,
  unread: count,
});
const CHANNELS: Shape<ChannelPage> = record<ChannelPage>({ channels: list(CHANNEL), nextCursor: maybe(text) });
const MESSAGE: Shape<MessageJson> = record<MessageJson>({
  channelId: text,
  seq: count,
  authorId: text,
  authorName: text,
  body: text,
  sentAt: time,
  editedAt: maybe(time),
  deletedAt: maybe(time),
});
const MESSAGES: Shape<{ messages: readonly MessageJson[]; more: boolean }> = record({
  messages: list(MESSAGE),
  more: flag,
});
const INVITATIONS: Shape<{ invitations: readonly InvitationJson[] }> = record({
  invitations: list(
    record<InvitationJson>({
      channelId: text,
      roomName: text,
      private: flag,
      inviterId: text,
      inviterName: text,
      invitedAt: time,
      expiresAt: time,
    }),
  ),
});
const MEMBERS: Shape<Schemas["MemberPage"]> = record<Schemas["MemberPage"]>({
  members: list(record<Member>({ playerId: text, name: text })),
  more: flag,
});
const BLOCKED: Shape<Schemas["BlockList"]> = record<Schemas["BlockList"]>({ playerIds: list(text) });
const UNREAD: Shape<{ unread: number }> = record<{ unread: number }>({ unread: count });

type Call = <T>(method: Method, path: string, expected: Shape<T> | typeof NOTHING, body?: unknown) => Promise<T>;

/** Chat over REST: `client.chat`. Every method throws MusterError with the contract's code. */
export class ChatApi {
  readonly #call: Call;

  constructor(call: Call) {
    this.#call = call;
  }

  /** The global channel first, then the 500 most recently active channels. */
  async channels(): Promise<readonly Channel[]> {
    return (await this.channelPage()).channels;
  }

  /** One page of channels, the global one first, then by last activity. `cursor`: `nextCursor` of the previous page. */
  channelPage(page: { limit?: number; cursor?: string } = {}): Promise<ChannelPage> {
    const query = new URLSearchParams();
    if (page.limit !== undefined) query.set("limit", String(page.limit));
    if (page.cursor !== undefined) query.set("cursor", page.cursor);
    return this.#call("GET", `/v1/chat/channels?${query}`, CHANNELS);
  }

  /** Hides a channel: it is neither listed nor delivered until this player shows it, writes in it, opens it or joins it again. */
  async hide(channelId: string): Promise<void> {
    await this.#call("PUT", `${at(channelId)}/hidden`, NOTHING);
  }

  async show(channelId: string): Promise<void> {
    await this.#call("DELETE", `${at(channelId)}/hidden`, NOTHING);
  }

  /** The direct channel with another player. */
  direct(playerId: string): Promise<Channel> {
    return this.#call("POST", "/v1/chat/direct", CHANNEL, { playerId });
  }

  /** The channel of a match that this player plays or has played. */
  match(matchId: string): Promise<Channel> {
    return this.#call("POST", `/v1/chat/matches/${encodeURIComponent(matchId)}`, CHANNEL);
  }

  createRoom(name: string, options: { private?: boolean } = {}): Promise<Channel> {
    return this.#call("POST", "/v1/chat/rooms", CHANNEL, { name, ...options });
  }

  joinRoom(name: string): Promise<Channel> {
    return this.#call("POST", "/v1/chat/rooms/join", CHANNEL, { name });
  }

  /** Invites a player, who becomes a member by accepting. */
  async invite(channelId: string, playerId: string): Promise<void> {
    await this.#call("PUT", `${at(channelId)}/members/${encodeURIComponent(playerId)}`, NOTHING);
  }

  /** The same as `invite`. */
  addMember(channelId: string, playerId: string): Promise<void> {
    return this.invite(channelId, playerId);
  }

  /** The invitations of this player, newest first. */
  async invitations(): Promise<readonly Invitation[]> {
    const { invitations } = await this.#call("GET", "/v1/chat/invitations", INVITATIONS);
    return invitations.map((json) => ({
      ...json,
      invitedAt: new Date(json.invitedAt),
      expiresAt: new Date(json.expiresAt),
    }));
  }

  acceptInvitation(channelId: string): Promise<Channel> {
    return this.#call("POST", `/v1/chat/invitations/${encodeURIComponent(channelId)}/accept`, CHANNEL);
  }

  /** Declines an invitation. The room's owner cannot repeat it until it expires; this player can still accept it. */
  async declineInvitation(channelId: string): Promise<void> {
    await this.#call("DELETE", `/v1/chat/invitations/${encodeURIComponent(channelId)}`, NOTHING);
  }

  /** Removes a member from a room, or withdraws an invitation. With your own id, you leave the room. */
  async removeMember(channelId: string, playerId: string): Promise<void> {
    await this.#call("DELETE", `${at(channelId)}/members/${encodeURIComponent(playerId)}`, NOTHING);
  }

  /** Hides a direct channel: it is neither listed nor delivered until this player writes in it or opens it. `playerId`: your own id. */
  async hideDirect(channelId: string, playerId: string): Promise<void> {
    await this.removeMember(channelId, playerId);
  }

  /** Posts a message. `key` makes a retry safe: a second call with the same key does not post again. */
  async post(channelId: string, body: string, key: string = crypto.randomUUID()): Promise<Message> {
    return toMessage(await this.#call("POST", `${at(channelId)}/messages`, MESSAGE, { body, key }));
  }

  async edit(channelId: string, seq: number, body: string): Promise<Message> {
    return toMessage(await this.#call("PATCH", `${at(channelId)}/messages/${seq}`, MESSAGE, { body }));
  }

  async delete(channelId: string, seq: number): Promise<void> {
    await this.#call("DELETE", `${at(channelId)}/messages/${seq}`, NOTHING);
  }

  /** The newest page of messages, or the page before `before` or after `after`. */
  async history(
    channelId: string,
    page: { before?: number; after?: number; limit?: number } = {},
  ): Promise<MessagePage> {
    const query = new URLSearchParams(
      Object.entries(page).map(([name, value]): [string, string] => [name, String(value)]),
    );
    const path = `${at(channelId)}/messages?${query}`;
    const { messages, more } = await this.#call("GET", path, MESSAGES);
    return { messages: messages.map(toMessage), more };
  }

  /** Marks everything up to `seq` as read. @returns how many messages are unread now */
  async markRead(channelId: string, seq: number): Promise<number> {
    return (await this.#call("PUT", `${at(channelId)}/read`, UNREAD, { seq })).unread;
  }

  /** The members of a channel, those after `after` if it is given; none of the global channel, of which everyone is a member. */
  members(channelId: string, page: { after?: string; limit?: number } = {}): Promise<MemberPage> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(page)) if (value !== undefined) query.set(name, String(value));
    return this.#call("GET", `${at(channelId)}/members?${query}`, MEMBERS);
  }

  /** For the owner of a room, and for moderators. The player reads `reason`. @throws MusterError not_allowed */
  async mute(channelId: string, playerId: string, mute: Schemas["MuteRequest"]): Promise<void> {
    await this.#call("PUT", `${at(channelId)}/mutes/${encodeURIComponent(playerId)}`, NOTHING, mute);
  }

  async unmute(channelId: string, playerId: string): Promise<void> {
    await this.#call("DELETE", `${at(channelId)}/mutes/${encodeURIComponent(playerId)}`, NOTHING);
  }

  /** The ids of the players whom this player blocks. */
  async blocked(): Promise<readonly string[]> {
    return (await this.#call("GET", "/v1/chat/blocks", BLOCKED)).playerIds;
  }

  async block(playerId: string): Promise<void> {
    await this.#call("PUT", `/v1/chat/blocks/${encodeURIComponent(playerId)}`, NOTHING);
  }

  async unblock(playerId: string): Promise<void> {
    await this.#call("DELETE", `/v1/chat/blocks/${encodeURIComponent(playerId)}`, NOTHING);
  }
}

function at(channelId: string): string {
  return `/v1/chat/channels/${encodeURIComponent(channelId)}`;
}

function toMessage(json: MessageJson): Message {
  const { channelId, seq, authorId, authorName, body } = json;
  const [edited, deleted] = [json.editedAt !== undefined, json.deletedAt !== undefined];
  return { channelId, seq, authorId, authorName, body, sentAt: new Date(json.sentAt), edited, deleted };
}

/** The limit of `ChatSubscribe` in the contract: this many cursors fit into a frame. */
const CURSORS_MAX = 150;

/** Tracks what has been delivered of each channel, so that a reconnect neither misses nor repeats a message. */
export class ChatInbox {
  readonly #cursors = new Map<string, bigint>();
  #onMessage: (message: Message) => void = () => undefined;
  #onChannels: (channels: readonly (Channel & { readonly reset: boolean })[]) => void = () => undefined;

  listen(listeners: {
    onMessage: (message: Message) => void;
    onChannels?: (channels: readonly (Channel & { readonly reset: boolean })[]) => void;
  }): void {
    this.#onMessage = listeners.onMessage;
    if (listeners.onChannels) this.#onChannels = listeners.onChannels;
  }

  /** Of the channels that had something last: more than that are not taken at once. The others are where the service starts them. */
  get cursors(): { channelId: string; change: bigint }[] {
    return [...this.#cursors].slice(-CURSORS_MAX).map(([channelId, change]) => ({ channelId, change }));
  }

  channels(channels: readonly ChatChannel[]): void {
    const ids = new Set(channels.map((channel) => channel.channelId));
    for (const id of this.#cursors.keys()) if (!ids.has(id)) this.#cursors.delete(id);
    // What was active last comes first.
    for (const { channelId, fromChange } of channels.toReversed()) this.#raise(channelId, fromChange);
    this.#onChannels(
      channels.map(({ channelId, kind, name, subjectId, lastSeq, lastReadSeq, unread, reset }) => ({
        channelId,
        kind: kind as Channel["kind"],
        name,
        ...(subjectId === "" ? {} : { subjectId }),
        lastSeq: Number(lastSeq),
        lastReadSeq: Number(lastReadSeq),
        unread: Number(unread),
        reset,
      })),
    );
  }

  changed(changed: ChatChanged): void {
    const { channelId, seq, change, authorId, authorName, body, sentAtMs, edited, deleted } = changed;
    if (!this.#raise(channelId, change)) return; // had it
    const sentAt = new Date(Number(sentAtMs));
    this.#onMessage({ channelId, seq: Number(seq), authorId, authorName, body, sentAt, edited, deleted });
  }

  #raise(channelId: string, change: bigint): boolean {
    const had = this.#cursors.get(channelId);
    if (had !== undefined && change <= had) return false;
    this.#cursors.delete(channelId); // to the end: what had something last
    this.#cursors.set(channelId, change);
    return true;
  }
}
