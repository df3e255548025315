// Channels as a player sees them.
import type { MessageInitShape } from "@bufbuild/protobuf";
import { channelKinds } from "@muster/contracts/chat/names";
import type { ChannelSchema } from "@muster/contracts/chat/v2";
import { subjectOf } from "./channels.ts";
import { otherNames, type ViewedChannel } from "./store/channels.ts";
import type { Db } from "./store/db.ts";
import { countUnread } from "./store/unread.ts";

export type ChannelView = MessageInitShape<typeof ChannelSchema>;

/** With the other players' names in direct channels. */
export async function viewsOf(db: Db, channels: readonly ViewedChannel[], playerId: string): Promise<ChannelView[]> {
  const direct = channels.filter((channel) => channel.kind === "direct").map((channel) => channel.id);
  const names = await otherNames(db, direct, playerId);
  const unread = await unreadOf(db, channels, playerId);
  return channels.map((channel) => ({
    ...viewOf(channel, playerId, names.get(channel.id)),
    unread: BigInt(unread.get(channel.id) ?? 0),
  }));
}

/** Of each channel in which there is something that the player may still read. */
export async function unreadOf(
  db: Db,
  channels: readonly ViewedChannel[],
  playerId: string,
): Promise<ReadonlyMap<string, number>> {
  const behind = channels
    .map((channel) => ({ id: channel.id, lastSeq: channel.last_seq, lastRead: lastReadOf(channel) }))
    .filter(({ lastSeq, lastRead }) => lastSeq > lastRead);
  return countUnread(db, behind, playerId);
}

/** Without a mark nothing is unread: a new player has not missed the years before. */
export function lastReadOf(channel: ViewedChannel): bigint {
  return channel.last_read_seq ?? channel.last_seq;
}

function viewOf(channel: ViewedChannel, playerId: string, otherName: string | undefined): ChannelView {
  return {
    channelId: channel.id,
    kind: channelKinds.valueOf(channel.kind),
    name: otherName ?? channel.name,
    subjectId: subjectOf(channel, playerId),
    private: channel.is_private === 1,
    ownerId: channel.owner_id ?? "",
    lastSeq: channel.last_seq,
    lastChange: channel.last_change,
    lastReadSeq: lastReadOf(channel),
  };
}
