// Direct channels: who may open one with whom, and hiding them.
import { createHash } from "node:crypto";
import { type Database, inTransaction } from "@muster/db";
import { clientNetworkOf } from "@muster/runtime";
import { fail } from "../errors.ts";
import { admit, type Rate } from "../rate.ts";
import type { ChannelRow, Tables } from "../schema.ts";
import { hideChannels, lockChannel, isMember, showChannel } from "../store/channels.ts";
import type { Tx } from "../store/db.ts";
import {
  ensureDirectLimits,
  findNetworkLimit,
  lockDirectLimit,
  storeNetworkLimit,
  updateDirectLimit,
} from "../store/directs.ts";
import { insertHint } from "../store/messages.ts";
import type { DirectRates, RpcParts } from "./parts.ts";

/** Two strangers. */
export interface Strangers {
  readonly opener: string;
  readonly target: string;
  /** Where the opener is; empty: unknown, as an edge-api of the version before leaves it. */
  readonly address: string;
}

/** Of strangers who ask for one player at the same time in one instance; more are refused, to ask again. */
const WAITING_MAX = 50;

/** Runs `work`, in which limits are taken, after what other strangers have asked of the same player. @throws AppError too_many_directs */
export async function asStrangers<T>(
  { db, strangers, now }: Pick<RpcParts, "db" | "strangers" | "now">,
  ids: Strangers,
  work: () => Promise<T>,
): Promise<T> {
  if (strangers.waiting(ids.target) >= WAITING_MAX) throw fail("too_many_directs", { details: { retryAfterS: 1 } });
  return strangers.run(ids.target, async () => {
    await ensureDirectLimits(db, ids, now());
    return work();
  });
}

/**
 * Takes one from who opens, from what strangers together may open with one player, and from the share of the opener's
 * network in that: so a crowd at one address keeps nobody elsewhere out. The openers' rows are locked before the
 * targets', by everyone; the networks' are under the target's lock.
 * @throws AppError too_many_directs with details.retryAfterS
 */
export async function takeDirectLimits(tx: Tx, ids: Strangers, rates: DirectRates, now: Date): Promise<void> {
  for (const side of ["opener", "target"] as const)
    await updateDirectLimit(
      tx,
      ids[side],
      side,
      take(await lockDirectLimit(tx, ids[side], side, now), rates[side], now),
    );
  if (ids.address === "") return;
  const { target } = ids;
  const hash = networkHash(target, ids.address);
  const nextAt = (await findNetworkLimit(tx, target, hash)) ?? now;
  await storeNetworkLimit(tx, target, hash, take(nextAt, rates.network, now));
}

function take(nextAt: Date, rate: Rate, now: Date): Date {
  const admission = admit(nextAt, now, rate);
  if ("nextAt" in admission) return admission.nextAt;
  throw fail("too_many_directs", { details: { retryAfterS: Math.ceil(admission.retryAfterMs / 1000) } });
}

/** Another one for each player: a row tells nobody who else the same address has written to. */
function networkHash(target: string, address: string): string {
  return createHash("sha256")
    .update(`${target} ${clientNetworkOf(address)}`)
    .digest("hex")
    .slice(0, 32);
}

/** Not listed and not delivered, until the player writes in it or opens it. @returns whether it was shown. @throws AppError member_not_found */
export async function hide(db: Database<Tables>, channelId: string, playerId: string, now: Date): Promise<boolean> {
  if (!(await isMember(db, channelId, playerId))) throw fail("member_not_found");
  return inTransaction(
    db,
    async (tx) => {
      const wasShown = await hideChannels(tx, [channelId], playerId);
      if (wasShown) await insertHint(tx, { playerIds: [playerId] }, now);
      return wasShown;
    },
    { repeatable: "hide channel" },
  );
}

/** @returns whether it was hidden. */
export async function show(db: Database<Tables>, channel: ChannelRow, playerId: string, now: Date): Promise<boolean> {
  return inTransaction(
    db,
    async (tx) => {
      const locked = await lockChannel(tx, channel.id);
      const wasHidden = locked !== undefined && (await showChannel(tx, locked, playerId));
      if (wasHidden) await insertHint(tx, { playerIds: [playerId] }, now);
      return wasHidden;
    },
    { repeatable: "show channel" },
  );
}
