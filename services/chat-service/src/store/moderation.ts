// SQL for mutes, blocks and the moderation rows of earlier releases.
import type { Selectable } from "kysely";
import { EVERYWHERE } from "../channels.ts";
import type { ModerationLogTable } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

export interface Mute {
  readonly until: Date;
  readonly reason: string;
}

export interface PlacedMute extends Mute {
  /** All zeros: everywhere. */
  readonly channel_id: string;
}

/** The mute that lasts longest of those in force in a channel now. */
export async function findMute(
  db: Db,
  channelId: string,
  playerId: string,
  now: Date,
): Promise<PlacedMute | undefined> {
  return db
    .selectFrom("mutes")
    .select(["channel_id", "until", "reason"])
    .where("player_id", "=", playerId)
    .where("channel_id", "in", [channelId, EVERYWHERE])
    .where("until", ">", now)
    .orderBy("until", "desc")
    .limit(1)
    .executeTakeFirst();
}

/** Those in force now: the one everywhere first, then by their ends, the last one first. */
export async function listMutes(db: Db, playerId: string, now: Date, limit: number): Promise<PlacedMute[]> {
  return db
    .selectFrom("mutes")
    .select(["channel_id", "until", "reason"])
    .where("player_id", "=", playerId)
    .where("until", ">", now)
    .orderBy((eb) => eb("channel_id", "!=", EVERYWHERE))
    .orderBy("until", "desc")
    .limit(limit)
    .execute();
}

/** Of this channel alone, over or not. */
export async function findMuteIn(db: Db, channelId: string, playerId: string): Promise<Mute | undefined> {
  return db
    .selectFrom("mutes")
    .select(["until", "reason"])
    .where("player_id", "=", playerId)
    .where("channel_id", "=", channelId)
    .executeTakeFirst();
}

export async function storeMute(tx: Tx, channelId: string, playerId: string, mute: Mute): Promise<void> {
  await tx
    .insertInto("mutes")
    .values({ channel_id: channelId, player_id: playerId, ...mute })
    .onDuplicateKeyUpdate({ ...mute })
    .execute();
}

/** False when there was none. */
export async function deleteMute(tx: Tx, channelId: string, playerId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom("mutes")
    .where("channel_id", "=", channelId)
    .where("player_id", "=", playerId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** Whether one of the two blocks the other. */
export async function isBlocked(db: Db, a: string, b: string): Promise<boolean> {
  const row = await db
    .selectFrom("blocks")
    .select("player_id")
    .where((eb) => eb.or([eb.and({ player_id: a, blocked_id: b }), eb.and({ player_id: b, blocked_id: a })]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

export async function listBlocked(db: Db, playerId: string): Promise<string[]> {
  const rows = await db
    .selectFrom("blocks")
    .select("blocked_id")
    .where("player_id", "=", playerId)
    .orderBy("created_at")
    .execute();
  return rows.map((row) => row.blocked_id);
}

/** False when it was there already. */
export async function insertBlock(tx: Tx, playerId: string, blockedId: string, at: Date): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("blocks")
    .ignore()
    .values({ player_id: playerId, blocked_id: blockedId, created_at: at })
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

/** False when there was none. */
export async function deleteBlock(tx: Tx, playerId: string, blockedId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom("blocks")
    .where("player_id", "=", playerId)
    .where("blocked_id", "=", blockedId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** What a release before has written, oldest first, locked until the transaction ends; rows that another instance has locked are its own. */
export async function lockModeration(tx: Tx, limit: number): Promise<Selectable<ModerationLogTable>[]> {
  return tx
    .selectFrom("moderation_log")
    .select(["position", "at", "actor_id", "action", "channel_id", "target_id", "reason", "trace_id"])
    .orderBy("position")
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
}

export async function deleteModeration(tx: Tx, positions: readonly bigint[]): Promise<void> {
  await tx.deleteFrom("moderation_log").where("position", "in", positions).execute();
}
