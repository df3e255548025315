// Chat over REST: channels, members, messages, moderation. Messages are delivered over the realtime connection.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { channelKinds } from "@muster/contracts/chat/names";
import type { ActorSchema, Channel, ChatMessage, Invitation } from "@muster/contracts/chat/v2";
import { commonError, must } from "@muster/errors";
import { muteEverywhere, unmuteEverywhere } from "./admin-chat.ts";
import type { Call, Clients, Handlers, OperationId, Schemas } from "./handler.ts";
import { isoTime } from "./times.ts";

const DONE = { status: 204 } as const;
const DEFAULTED = "it has a default";
const BOTH_WAYS = {
  message: "A page of messages is either before one message or after one.",
  details: { where: "querystring.before", problem: "is not allowed together with after" },
};

export function actorOf({ caller }: Pick<Call<OperationId>, "caller">): MessageInitShape<typeof ActorSchema> {
  const { playerId, playerName: name, role } = must(caller, "secured");
  return { playerId, name, moderator: role !== "player" };
}

type ChatOperations =
  | "listChannels"
  | "openDirectChannel"
  | "openMatchChannel"
  | "createRoom"
  | "joinRoom"
  | "listMembers"
  | "addMember"
  | "listInvitations"
  | "acceptInvitation"
  | "declineInvitation"
  | "removeMember"
  | "hideChannel"
  | "showChannel"
  | "listMessages"
  | "postMessage"
  | "editMessage"
  | "deleteMessage"
  | "markRead"
  | "muteInChannel"
  | "unmuteInChannel"
  | "muteEverywhere"
  | "unmuteEverywhere"
  | "listBlocked"
  | "blockPlayer"
  | "unblockPlayer";

/** Chat knows no accounts: who is not there is refused before a channel with nobody is made. */
async function nameOf(playerId: string, { identity }: Clients): Promise<string> {
  const { profile } = await identity.getProfile({ playerId });
  return must(profile, "identity sends a profile").name;
}

export const chatHandlers: Handlers<ChatOperations> = {
  async listChannels(call, { chat }) {
    const { limit, cursor = "" } = call.query;
    const { channels, nextCursor } = await chat.listChannels({
      actor: actorOf(call),
      limit: must(limit, DEFAULTED),
      cursor,
    });
    const body = { channels: channels.map(channelJson), ...(nextCursor === "" ? {} : { nextCursor }) };
    return { status: 200, body };
  },

  async openDirectChannel(call, clients) {
    const { playerId } = call.body;
    const playerName = await nameOf(playerId, clients);
    const request = { actor: actorOf(call), playerId, playerName, clientAddress: call.address };
    const { channel } = await clients.chat.openDirect(request);
    return { status: 200, body: channelJson(must(channel, "chat sends a channel")) };
  },

  async openMatchChannel(call, { chat }) {
    const matchId = call.params.matchId;
    const { channel } = await chat.openMatch({ actor: actorOf(call), matchId });
    return { status: 200, body: channelJson(must(channel, "chat sends a channel")) };
  },

  async createRoom(call, { chat }) {
    const { name, private: isPrivate } = call.body;
    const { channel } = await chat.createRoom({ actor: actorOf(call), name, private: isPrivate });
    return { status: 200, body: channelJson(must(channel, "chat sends a channel")) };
  },

  async joinRoom(call, { chat }) {
    const { name } = call.body;
    const { channel } = await chat.joinRoom({ actor: actorOf(call), name });
    return { status: 200, body: channelJson(must(channel, "chat sends a channel")) };
  },

  async listMembers(call, { chat }) {
    const { after = "", limit } = call.query;
    const request = {
      actor: actorOf(call),
      channelId: call.params.channelId,
      afterPlayerId: after,
      limit: must(limit, DEFAULTED),
    };
    const { members, more } = await chat.listMembers(request);
    return { status: 200, body: { members: members.map(({ playerId, name }) => ({ playerId, name })), more } };
  },

  async addMember(call, clients) {
    const { playerId } = call.params;
    const playerName = await nameOf(playerId, clients);
    const request = { actor: actorOf(call), channelId: call.params.channelId, playerId, playerName };
    await clients.chat.addMember({ ...request, clientAddress: call.address });
    return DONE;
  },

  async listInvitations(call, { chat }) {
    const { invitations } = await chat.listInvitations({ actor: actorOf(call) });
    return { status: 200, body: { invitations: invitations.map(invitationJson) } };
  },

  async acceptInvitation(call, { chat }) {
    const { channel } = await chat.acceptInvitation({ actor: actorOf(call), channelId: call.params.channelId });
    return { status: 200, body: channelJson(must(channel, "chat sends a channel")) };
  },

  async declineInvitation(call, { chat }) {
    await chat.declineInvitation({ actor: actorOf(call), channelId: call.params.channelId });
    return DONE;
  },

  async removeMember(call, { chat }) {
    await chat.removeMember({ actor: actorOf(call), channelId: call.params.channelId, playerId: call.params.playerId });
    return DONE;
  },

  async hideChannel(call, { chat }) {
    await chat.hideChannel({ actor: actorOf(call), channelId: call.params.channelId });
    return DONE;
  },

  async showChannel(call, { chat }) {
    await chat.showChannel({ actor: actorOf(call), channelId: call.params.channelId });
    return DONE;
  },

  async listMessages(call, { chat }) {
    const { before, after, limit } = call.query;
    if (before !== undefined && after !== undefined) throw commonError("invalid_request", BOTH_WAYS);
    const from =
      after === undefined
        ? { case: "beforeSeq" as const, value: BigInt(before ?? 0) }
        : { case: "afterSeq" as const, value: BigInt(after) };
    const { messages, more } = await chat.listMessages({
      actor: actorOf(call),
      channelId: call.params.channelId,
      from,
      limit: must(limit, DEFAULTED),
    });
    return { status: 200, body: { messages: messages.map(messageJson), more } };
  },

  async postMessage(call, { chat }) {
    const { body, key } = call.body;
    const { message } = await chat.postMessage({ actor: actorOf(call), channelId: call.params.channelId, body, key });
    return { status: 201, body: messageJson(must(message, "chat sends a message")) };
  },

  async editMessage(call, { chat }) {
    const { body } = call.body;
    const request = { actor: actorOf(call), channelId: call.params.channelId, seq: BigInt(call.params.seq), body };
    const { message } = await chat.editMessage(request);
    return { status: 200, body: messageJson(must(message, "chat sends a message")) };
  },

  async deleteMessage(call, { chat }) {
    await chat.deleteMessage({ actor: actorOf(call), channelId: call.params.channelId, seq: BigInt(call.params.seq) });
    return DONE;
  },

  async markRead(call, { chat }) {
    const { seq } = call.body;
    const { lastReadSeq, unread } = await chat.markRead({
      actor: actorOf(call),
      channelId: call.params.channelId,
      seq: BigInt(seq),
    });
    return { status: 200, body: { lastReadSeq: Number(lastReadSeq), unread: Number(unread) } };
  },

  async muteInChannel(call, clients) {
    const { channelId, playerId } = call.params;
    await nameOf(playerId, clients);
    await clients.chat.mutePlayer({ actor: actorOf(call), channelId, playerId, ...call.body });
    return DONE;
  },

  async unmuteInChannel(call, { chat }) {
    const { channelId, playerId } = call.params;
    await chat.unmutePlayer({ actor: actorOf(call), channelId, playerId });
    return DONE;
  },

  muteEverywhere,
  unmuteEverywhere: (call, clients) => unmuteEverywhere(call, "", clients),

  async listBlocked(call, { chat }) {
    const { playerIds } = await chat.listBlocked({ actor: actorOf(call) });
    return { status: 200, body: { playerIds } };
  },

  async blockPlayer(call, { chat }) {
    await chat.blockPlayer({ actor: actorOf(call), playerId: call.params.playerId });
    return DONE;
  },

  async unblockPlayer(call, { chat }) {
    await chat.unblockPlayer({ actor: actorOf(call), playerId: call.params.playerId });
    return DONE;
  },
};

function channelJson(channel: Channel): Schemas["Channel"] {
  const { channelId, kind, name, subjectId, ownerId, lastSeq, lastChange, lastReadSeq, unread } = channel;
  return {
    channelId,
    kind: must(channelKinds.nameOf(kind), "chat names a kind"),
    name,
    ...(subjectId === "" ? {} : { subjectId }),
    private: channel.private,
    ...(ownerId === "" ? {} : { ownerId }),
    lastSeq: Number(lastSeq),
    lastChange: Number(lastChange),
    lastReadSeq: Number(lastReadSeq),
    unread: Number(unread),
  };
}

function invitationJson(invitation: Invitation): Schemas["Invitation"] {
  const { channelId, roomName, inviterId, inviterName, invitedAt, expiresAt } = invitation;
  return {
    channelId,
    roomName,
    private: invitation.private,
    inviterId,
    inviterName,
    invitedAt: isoTime(invitedAt),
    expiresAt: isoTime(expiresAt),
  };
}

function messageJson(message: ChatMessage): Schemas["Message"] {
  const { channelId, seq, change, authorId, authorName, body, sentAt, editedAt, deletedAt } = message;
  return {
    channelId,
    seq: Number(seq),
    change: Number(change),
    authorId,
    authorName,
    body,
    sentAt: isoTime(sentAt),
    ...(editedAt ? { editedAt: isoTime(editedAt) } : {}),
    ...(deletedAt ? { deletedAt: isoTime(deletedAt) } : {}),
  };
}
