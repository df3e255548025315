// Direct channels: who may open one with whom, and hiding them.
import { type Database, inTransaction } from "@muster/db";
import { fail } from "../errors.ts";
import { admit, type Rate } from "../rate.ts";
import type { ChannelRow, Tables } from "../schema.ts";
import { hideChannels, holdChannel, isMember, showChannel } from "../store/channels.ts";
import type { Tx } from "../store/db.ts";
import { holdDirectLimit, updateDirectLimit } from "../store/directs.ts";
import { insertHint } from "../store/messages.ts";

/**
 * Takes one from both: from who opens, and from what strangers together may open with one player. The openers' rows are
 * locked before the targets', by everyone.
 * @throws AppError too_many_directs with details.retryAfterS
 */
export async function takeDirectLimits(
  tx: Tx,
  ids: { readonly opener: string; readonly target: string },
  limits: { readonly opener: Rate; readonly target: Rate },
  now: Date,
): Promise<void> {
  for (const side of ["opener", "target"] as const) {
    const admission = admit(await holdDirectLimit(tx, ids[side], side, now), now, limits[side]);
    if ("retryAfterMs" in admission)
      throw fail("too_many_directs", { details: { retryAfterS: Math.ceil(admission.retryAfterMs / 1000) } });
    await updateDirectLimit(tx, ids[side], side, admission.nextAt);
  }
}

/** Not listed and not delivered, until the player writes in it or opens it. @throws AppError member_not_found */
export async function hide(db: Database<Tables>, channelId: string, playerId: string, now: Date): Promise<void> {
  if (!(await isMember(db, channelId, playerId))) throw fail("member_not_found");
  await inTransaction(db, async (tx) => {
    if (await hideChannels(tx, [channelId], playerId)) await insertHint(tx, { playerIds: [playerId] }, now);
  });
}

/** @returns whether it was hidden. */
export async function show(db: Database<Tables>, channel: ChannelRow, playerId: string, now: Date): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const held = await holdChannel(tx, channel.id);
    const wasHidden = held !== undefined && (await showChannel(tx, held, playerId));
    if (wasHidden) await insertHint(tx, { playerIds: [playerId] }, now);
    return wasHidden;
  });
}
