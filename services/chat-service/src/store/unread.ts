// SQL for what a player has not read yet.
import type { Db } from "./db.ts";

/** Only this many of a channel's latest messages are read: in a busy channel, unread messages are not all counted. */
export const UNREAD_COUNTED_MAX = 100n;
const CHANNELS_PER_STATEMENT = 100;

export interface ChannelBehind {
  readonly id: string;
  readonly lastSeq: bigint;
  readonly lastRead: bigint;
}

/** Messages that the history would show the player: not deleted, and of nobody whom the player blocks. One index range per channel. */
export async function countUnread(
  db: Db,
  channels: readonly ChannelBehind[],
  playerId: string,
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (let at = 0; at < channels.length; at += CHANNELS_PER_STATEMENT) {
    const some = channels.slice(at, at + CHANNELS_PER_STATEMENT);
    const rows = await db
      .selectFrom("messages")
      .select("channel_id")
      .select((eb) => eb.fn.countAll<bigint>().as("count"))
      .where((eb) =>
        eb.or(
          some.map(({ id, lastSeq, lastRead }) => {
            const first = lastSeq - UNREAD_COUNTED_MAX;
            return eb.and([eb("channel_id", "=", id), eb("seq", ">", first > lastRead ? first : lastRead)]);
          }),
        ),
      )
      .where("deleted_at", "is", null)
      .where("author_id", "not in", (eb) =>
        eb.selectFrom("blocks").select("blocked_id").where("player_id", "=", playerId),
      )
      .groupBy("channel_id")
      .execute();
    for (const { channel_id, count } of rows) counts.set(channel_id, Number(count));
  }
  return counts;
}
