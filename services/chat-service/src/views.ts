// Channels as a player sees them.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { ChannelKind, type ChannelSchema } from "@muster/contracts/chat/v2";
import { subjectOf } from "./channels.ts";
import type { ChannelRow } from "./schema.ts";
import { otherNames, type ViewedChannel } from "./store/channels.ts";
import type { Db } from "./store/db.ts";

export type ChannelView = MessageInitShape<typeof ChannelSchema>;

const KINDS: Readonly<Record<ChannelRow["kind"], ChannelKind>> = {
  global: ChannelKind.GLOBAL,
  match: ChannelKind.MATCH,
  direct: ChannelKind.DIRECT,
  room: ChannelKind.ROOM,
};

/** With the other players' names in direct channels. */
export async function viewsOf(db: Db, channels: readonly ViewedChannel[], playerId: string): Promise<ChannelView[]> {
  const direct = channels.filter((channel) => channel.kind === "direct").map((channel) => channel.id);
  const names = await otherNames(db, direct, playerId);
  return channels.map((channel) => viewOf(channel, playerId, names.get(channel.id)));
}

function viewOf(channel: ViewedChannel, playerId: string, otherName: string | undefined): ChannelView {
  // Without a mark nothing is unread: a new player has not missed the years before.
  const lastRead = channel.last_read_seq ?? channel.last_seq;
  return {
    channelId: channel.id,
    kind: KINDS[channel.kind],
    name: otherName ?? channel.name,
    subjectId: subjectOf(channel, playerId),
    private: channel.is_private === 1,
    ownerId: channel.owner_id ?? "",
    lastSeq: channel.last_seq,
    lastChange: channel.last_change,
    lastReadSeq: lastRead,
    unread: channel.last_seq - lastRead,
  };
}
