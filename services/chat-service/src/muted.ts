// Who is muted writes nothing that others read: messages, and the names of new rooms and of rooms to which others are invited.
import { EVERYWHERE } from "./channels.ts";
import { fail } from "./errors.ts";
import type { Db } from "./store/db.ts";
import { findMute } from "./store/moderation.ts";

/** @throws AppError muted: in the channel, or in all of them */
export async function refuseMuted(db: Db, channelId: string, playerId: string, now: Date): Promise<void> {
  const mute = await findMute(db, channelId, playerId, now);
  if (!mute) return;
  const everywhere = mute.channel_id === EVERYWHERE;
  const until = mute.until.toISOString();
  const where = everywhere ? "in all channels" : "in this channel";
  // The text has what the details have: a client of the realtime connection gets only the text.
  throw fail("muted", {
    message: `You are muted ${where} until ${until}: ${mute.reason}`,
    details: { until, reason: mute.reason, ...(everywhere && { everywhere }) },
  });
}

/** @throws AppError muted: in all channels */
export function refuseMutedEverywhere(db: Db, playerId: string, now: Date): Promise<void> {
  return refuseMuted(db, EVERYWHERE, playerId, now);
}
