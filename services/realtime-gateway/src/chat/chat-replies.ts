// Converts what chat-service says to control messages.
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { channelKinds } from "@muster/contracts/chat/names";
import type { ChatMessage, JoinedChannel } from "@muster/contracts/chat/v2";
import type { Control } from "../connection/outbound.ts";

export function chatChannels(requestId: number, joined: readonly JoinedChannel[]): Control {
  const channels = joined.flatMap(({ channel, fromChange, reset }) => {
    if (!channel) return [];
    const { channelId, kind, name, subjectId, lastSeq, lastReadSeq, unread } = channel;
    return [
      {
        channelId,
        kind: channelKinds.nameOf(kind) ?? "",
        name,
        subjectId,
        lastSeq,
        lastReadSeq,
        unread,
        fromChange,
        reset,
      },
    ];
  });
  return { requestId, message: { case: "chatChannels", value: { channels } } };
}

export function chatChanged(message: ChatMessage): Control {
  const { channelId, seq, change, authorId, authorName, body, sentAt, editedAt, deletedAt } = message;
  return {
    message: {
      case: "chatChanged",
      value: {
        channelId,
        seq,
        change,
        authorId,
        authorName,
        body,
        sentAtMs: BigInt(sentAt ? timestampMs(sentAt) : 0),
        edited: editedAt !== undefined,
        deleted: deletedAt !== undefined,
      },
    },
  };
}
