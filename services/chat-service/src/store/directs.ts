// SQL for the limits on opening direct channels.
import type { DirectLimitsTable } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

/** Whether the two have played together, as far as match channels say. */
export async function haveSharedMatch(db: Db, a: string, b: string): Promise<boolean> {
  const row = await db
    .selectFrom("members as m")
    .innerJoin("channels as c", "c.id", "m.channel_id")
    .innerJoin("members as o", (join) => join.onRef("o.channel_id", "=", "m.channel_id").on("o.player_id", "=", b))
    .select("c.id")
    .where("m.player_id", "=", a)
    .where("c.kind", "=", "match")
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Outside of the transaction that locks the rows: two that make one and then wait for it would be a deadlock. */
export async function ensureDirectLimits(db: Db, ids: { opener: string; target: string }, now: Date): Promise<void> {
  const rows = (["opener", "target"] as const).map((side) => ({ player_id: ids[side], side, next_at: now }));
  await db.insertInto("direct_limits").ignore().values(rows).execute();
}

/** Locks the row until the transaction ends. */
export async function lockDirectLimit(
  tx: Tx,
  playerId: string,
  side: DirectLimitsTable["side"],
  now: Date,
): Promise<Date> {
  const row = await tx
    .selectFrom("direct_limits")
    .select("next_at")
    .where("player_id", "=", playerId)
    .where("side", "=", side)
    .forUpdate()
    .executeTakeFirst();
  return row?.next_at ?? now;
}

export async function updateDirectLimit(
  tx: Tx,
  playerId: string,
  side: DirectLimitsTable["side"],
  nextAt: Date,
): Promise<void> {
  await tx
    .updateTable("direct_limits")
    .set({ next_at: nextAt })
    .where("player_id", "=", playerId)
    .where("side", "=", side)
    .execute();
}

/** Read and written under the lock of the target's row. */
export async function findNetworkLimit(tx: Tx, playerId: string, networkHash: string): Promise<Date | undefined> {
  const row = await tx
    .selectFrom("direct_network_limits")
    .select("next_at")
    .where("player_id", "=", playerId)
    .where("network_hash", "=", networkHash)
    .executeTakeFirst();
  return row?.next_at;
}

export async function storeNetworkLimit(tx: Tx, playerId: string, networkHash: string, nextAt: Date): Promise<void> {
  await tx
    .insertInto("direct_network_limits")
    .values({ player_id: playerId, network_hash: networkHash, next_at: nextAt })
    .onDuplicateKeyUpdate({ next_at: nextAt })
    .execute();
}

/** @returns how many went. */
export async function deleteIdleNetworkLimits(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("direct_network_limits")
    .where("next_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** @returns how many went. */
export async function deleteIdleDirectLimits(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("direct_limits")
    .where("next_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
