// SQL for channels and members.
import { type Cursor, cursorTime, isBelowCursor } from "@muster/db";
import { sql } from "kysely";
import { GLOBAL_CHANNEL_ID } from "../channels.ts";
import type { ChannelRow } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

const CHANNEL = [
  "id",
  "kind",
  "unique_key",
  "name",
  "is_private",
  "owner_id",
  "member_count",
  "last_seq",
  "last_change",
  "created_at",
  "active_at",
] as const;
const CHANNEL_OF_C = CHANNEL.map((column) => `c.${column}` as const);

/** A channel with what one player is in it; `joined_change` is null for who is not a member. */
export type ViewedChannel = ChannelRow & {
  readonly joined_change: bigint | null;
  readonly last_read_seq: bigint | null;
};

/** @throws a duplicate-key error on channels_unique_key */
export async function insertChannel(tx: Tx, channel: ChannelRow): Promise<void> {
  await tx.insertInto("channels").values(channel).execute();
}

export async function findChannelByKey(db: Db, uniqueKey: string): Promise<ChannelRow | undefined> {
  return db.selectFrom("channels").select(CHANNEL).where("unique_key", "=", uniqueKey).executeTakeFirst();
}

export async function findChannel(db: Db, id: string): Promise<ChannelRow | undefined> {
  return db.selectFrom("channels").select(CHANNEL).where("id", "=", id).executeTakeFirst();
}

/** Locks the channel until the transaction ends: its counters move in the order of the commits. */
export async function lockChannel(tx: Tx, id: string): Promise<ChannelRow | undefined> {
  return tx.selectFrom("channels").select(CHANNEL).where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function updateCounters(
  tx: Tx,
  id: string,
  counters: { readonly lastSeq: bigint; readonly lastChange: bigint; readonly at: Date },
): Promise<void> {
  const { lastSeq, lastChange, at } = counters;
  await tx
    .updateTable("channels")
    .set({ last_seq: lastSeq, last_change: lastChange, active_at: at })
    .where("id", "=", id)
    .execute();
}

export async function countRoomsOf(db: Db, ownerId: string): Promise<number> {
  const { count } = await db
    .selectFrom("channels")
    .select((eb) => eb.fn.countAll<bigint>().as("count"))
    .where("owner_id", "=", ownerId)
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function isMember(db: Db, channelId: string, playerId: string): Promise<boolean> {
  const row = await db
    .selectFrom("members")
    .select("player_id")
    .where("channel_id", "=", channelId)
    .where("player_id", "=", playerId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function findMembership(
  db: Db,
  channelId: string,
  playerId: string,
): Promise<{ readonly is_hidden: number } | undefined> {
  return db
    .selectFrom("members")
    .select("is_hidden")
    .where("channel_id", "=", channelId)
    .where("player_id", "=", playerId)
    .executeTakeFirst();
}

/** Adds players to a channel that the caller has locked. @returns the ids of those who were not in it yet. */
export async function addMembers(
  tx: Tx,
  channel: ChannelRow,
  players: readonly { readonly playerId: string; readonly name: string }[],
  at: Date,
): Promise<string[]> {
  const added: string[] = [];
  for (const { playerId, name } of players) {
    const { numInsertedOrUpdatedRows } = await tx
      .insertInto("members")
      .ignore()
      .values({
        channel_id: channel.id,
        player_id: playerId,
        name,
        joined_change: channel.last_change,
        last_read_seq: channel.last_seq,
        joined_at: at,
      })
      .executeTakeFirst();
    if (numInsertedOrUpdatedRows === 1n) added.push(playerId);
  }
  if (added.length > 0) await addToMemberCount(tx, channel.id, added.length);
  return added;
}

/** False when the player was not in it. */
export async function deleteMember(tx: Tx, channelId: string, playerId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom("members")
    .where("channel_id", "=", channelId)
    .where("player_id", "=", playerId)
    .executeTakeFirstOrThrow();
  if (numDeletedRows > 0n) await addToMemberCount(tx, channelId, -1);
  return numDeletedRows > 0n;
}

async function addToMemberCount(tx: Tx, id: string, by: number): Promise<void> {
  await tx
    .updateTable("channels")
    .set({ member_count: sql<number>`cast(member_count as signed) + ${by}` })
    .where("id", "=", id)
    .execute();
}

export async function listMembers(
  db: Db,
  channelId: string,
  after: string,
  limit: number,
): Promise<{ player_id: string; name: string }[]> {
  let query = db.selectFrom("members").select(["player_id", "name"]).where("channel_id", "=", channelId);
  if (after !== "") query = query.where("player_id", ">", after);
  return query.orderBy("player_id").limit(limit).execute();
}

/** The other player's name in a direct channel. */
export async function otherNames(
  db: Db,
  channelIds: readonly string[],
  playerId: string,
): Promise<ReadonlyMap<string, string>> {
  if (channelIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("members")
    .select(["channel_id", "name"])
    .where("channel_id", "in", channelIds)
    .where("player_id", "!=", playerId)
    .execute();
  return new Map(rows.map((row) => [row.channel_id, row.name]));
}

/** Of a player: on one page, and delivered. */
export const CHANNELS_LISTED_MAX = 500;

export interface ChannelPage {
  readonly channels: ViewedChannel[];
  /** Where the next page starts; undefined on the last. */
  readonly next: Cursor | undefined;
}

/** The channels of a player without hidden ones, global first, then by last activity. */
export async function listChannelsOf(
  db: Db,
  playerId: string,
  limit: number = CHANNELS_LISTED_MAX,
  after?: Cursor,
): Promise<ChannelPage> {
  let query = ownChannels(db, playerId)
    .select([...CHANNEL_OF_C, "m.joined_change", "m.last_read_seq"])
    .select(cursorTime("c.active_at").as("active_at_text"))
    .limit(limit + 1);
  if (after) query = query.where(isBelowCursor("c.active_at", "c.id", after));
  const rows = await query.execute();
  const page = rows.slice(0, limit).map(({ active_at_text: at, ...channel }) => ({ at, channel }));
  const last = rows.length > limit ? page.at(-1) : undefined;
  const global = after ? undefined : await viewChannel(db, GLOBAL_CHANNEL_ID, playerId);
  return {
    channels: [...(global ? [global] : []), ...page.map(({ channel }) => channel)],
    next: last && { at: last.at, id: last.channel.id },
  };
}

/** The channels that were active last, with their last changes. */
export async function listActivityOf(
  db: Db,
  playerId: string,
  limit: number,
): Promise<{ id: string; last_change: bigint }[]> {
  return ownChannels(db, playerId).select(["c.id", "c.last_change"]).limit(limit).execute();
}

const ownChannels = (db: Db, playerId: string) =>
  db
    .selectFrom("members as m")
    .innerJoin("channels as c", "c.id", "m.channel_id")
    .where("m.player_id", "=", playerId)
    .where("m.is_hidden", "=", 0)
    .where("c.kind", "!=", "global")
    .orderBy("c.active_at", "desc")
    .orderBy("c.id", "desc");

export async function viewChannel(db: Db, id: string, playerId: string): Promise<ViewedChannel | undefined> {
  return db
    .selectFrom("channels as c")
    .leftJoin("members as m", (join) => join.onRef("m.channel_id", "=", "c.id").on("m.player_id", "=", playerId))
    .select([...CHANNEL_OF_C, "m.joined_change", "m.last_read_seq"])
    .where("c.id", "=", id)
    .executeTakeFirst();
}

/** Moves the last-read mark forward. In the global channel it makes the row that the mark needs. */
export async function moveReadMark(
  db: Db,
  channel: ChannelRow,
  player: { readonly playerId: string; readonly name: string },
  seq: bigint,
  at: Date,
): Promise<void> {
  if (channel.kind === "global") {
    await db
      .insertInto("members")
      .values({
        channel_id: channel.id,
        player_id: player.playerId,
        name: player.name,
        joined_change: 0n,
        last_read_seq: seq,
        joined_at: at,
      })
      .onDuplicateKeyUpdate({ last_read_seq: sql`greatest(last_read_seq, ${seq})` })
      .execute();
    return;
  }
  await db
    .updateTable("members")
    .set({ last_read_seq: sql`greatest(last_read_seq, ${seq})` })
    .where("channel_id", "=", channel.id)
    .where("player_id", "=", player.playerId)
    .execute();
}

/** False when they were hidden already, or the player is in none of them. */
export async function hideChannels(tx: Tx, channelIds: readonly string[], playerId: string): Promise<boolean> {
  if (channelIds.length === 0) return false;
  const { numUpdatedRows } = await tx
    .updateTable("members")
    .set({ is_hidden: 1 })
    .where("channel_id", "in", channelIds)
    .where("player_id", "=", playerId)
    .where("is_hidden", "=", 0)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Delivery goes on from now: what was said meanwhile is in the history. False when it was not hidden. */
export async function showChannel(tx: Tx, channel: ChannelRow, playerId: string): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("members")
    .set({ is_hidden: 0, joined_change: channel.last_change })
    .where("channel_id", "=", channel.id)
    .where("player_id", "=", playerId)
    .where("is_hidden", "=", 1)
    .executeTakeFirstOrThrow();
  return numUpdatedRows > 0n;
}

/** Rooms by id or by the beginning of their keys, in the order of these. */
export async function listRooms(
  db: Db,
  by: { readonly id: string } | { readonly keyBegins: string; readonly after: string | undefined },
  limit: number,
): Promise<ChannelRow[]> {
  const rooms = db.selectFrom("channels").select(CHANNEL);
  if ("id" in by) return rooms.where("id", "=", by.id).where("kind", "=", "room").execute();
  const begins = by.keyBegins.replaceAll(/[\\%_]/g, (sign) => `\\${sign}`);
  const matching = rooms.where("unique_key", "like", `${begins}%`).orderBy("unique_key").limit(limit);
  return (by.after === undefined ? matching : matching.where("unique_key", ">", by.after)).execute();
}

/** Of a player: the ids of its rooms. */
export async function listRoomsOwned(db: Db, ownerId: string): Promise<string[]> {
  const rows = await db.selectFrom("channels").select("id").where("owner_id", "=", ownerId).execute();
  return rows.map((row) => row.id);
}
