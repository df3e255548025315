// Messages, and how far each player has read them.
import type { ServiceImpl } from "@connectrpc/connect";
import { ChatMessageSchema, type ChatService } from "@muster/contracts/chat/v2";
import { must } from "@muster/errors";
import { countFitting } from "@muster/rpc";
import { toMessage } from "../messages.ts";
import { moveReadMark, viewChannel } from "../store/channels.ts";
import { listPage } from "../store/messages.ts";
import { lastReadOf, unreadOf } from "../views.ts";
import { visible } from "./joining.ts";
import { actorOf, type RpcParts } from "./parts.ts";

type MessageRpcs = "postMessage" | "editMessage" | "deleteMessage" | "listMessages" | "markRead";

const PAGE_DEFAULT = 50;

export function messageRpcs(parts: RpcParts): Pick<ServiceImpl<typeof ChatService>, MessageRpcs> {
  const { db, posting, now } = parts;
  return {
    async postMessage(request) {
      const { channelId, body, key } = request;
      return { message: toMessage(await posting.post(actorOf(request), channelId, body, key)) };
    },

    async editMessage(request) {
      const { channelId, seq, body } = request;
      return { message: toMessage(await posting.edit(actorOf(request), channelId, seq, body)) };
    },

    async deleteMessage(request) {
      await posting.remove(actorOf(request), request.channelId, request.seq);
      return {};
    },

    async listMessages(request) {
      const actor = actorOf(request);
      const { channelId, from } = request;
      await visible(parts, channelId, actor);
      const limit = request.limit || PAGE_DEFAULT;
      const forwards = from.case === "afterSeq";
      const rows = await listPage(
        db,
        channelId,
        actor.playerId,
        forwards ? { after: from.value } : { before: from.value ?? 0n },
        limit + 1,
      );
      const nearestFirst = (forwards ? rows : rows.toReversed()).slice(0, limit).map(toMessage);
      const messages = nearestFirst.slice(0, countFitting(ChatMessageSchema, nearestFirst));
      return { messages: forwards ? messages : messages.toReversed(), more: rows.length > messages.length };
    },

    async markRead(request) {
      const actor = actorOf(request);
      const channel = await visible(parts, request.channelId, actor);
      const seq = request.seq < channel.last_seq ? request.seq : channel.last_seq;
      await moveReadMark(db, channel, actor, seq, now());
      const after = must(await viewChannel(db, channel.id, actor.playerId), "it is there");
      const unread = await unreadOf(db, [after], actor.playerId);
      return { lastReadSeq: lastReadOf(after), unread: BigInt(unread.get(after.id) ?? 0) };
    },
  };
}
