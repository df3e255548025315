// SQL for messages, senders' rates and delivery hints.
import type { MessageRow } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

const MESSAGE = [
  "channel_id",
  "seq",
  "change_no",
  "author_id",
  "author_name",
  "body",
  "client_key",
  "sent_at",
  "edited_at",
  "deleted_at",
] as const;

export async function insertMessage(tx: Tx, message: MessageRow): Promise<void> {
  await tx.insertInto("messages").values(message).execute();
}

export async function findByClientKey(
  db: Db,
  channelId: string,
  authorId: string,
  clientKey: string,
): Promise<MessageRow | undefined> {
  return db
    .selectFrom("messages")
    .select(MESSAGE)
    .where("channel_id", "=", channelId)
    .where("author_id", "=", authorId)
    .where("client_key", "=", clientKey)
    .executeTakeFirst();
}

export async function findMessage(db: Db, channelId: string, seq: bigint): Promise<MessageRow | undefined> {
  return db
    .selectFrom("messages")
    .select(MESSAGE)
    .where("channel_id", "=", channelId)
    .where("seq", "=", seq)
    .executeTakeFirst();
}

export async function updateMessage(tx: Tx, message: MessageRow): Promise<void> {
  const { channel_id, seq, change_no, body, edited_at, deleted_at } = message;
  await tx
    .updateTable("messages")
    .set({ change_no, body, edited_at, deleted_at })
    .where("channel_id", "=", channel_id)
    .where("seq", "=", seq)
    .execute();
}

/** Oldest first, without those of players whom `viewerId` blocks. `limit` + 1 rows tell that there are more. */
export async function listPage(
  db: Db,
  channelId: string,
  viewerId: string,
  from: { before: bigint } | { after: bigint },
  limit: number,
): Promise<MessageRow[]> {
  let query = db
    .selectFrom("messages")
    .select(MESSAGE)
    .where("channel_id", "=", channelId)
    .where("author_id", "not in", (eb) =>
      eb.selectFrom("blocks").select("blocked_id").where("player_id", "=", viewerId),
    );
  if ("after" in from) return query.where("seq", ">", from.after).orderBy("seq").limit(limit).execute();
  if (from.before > 0n) query = query.where("seq", "<", from.before);
  return (await query.orderBy("seq", "desc").limit(limit).execute()).toReversed();
}

/** What happened after a change, in the order of the changes; a message that changed twice comes once, as it is now. */
export async function listChanges(db: Db, channelId: string, after: bigint, limit: number): Promise<MessageRow[]> {
  return db
    .selectFrom("messages")
    .select(MESSAGE)
    .where("channel_id", "=", channelId)
    .where("change_no", ">", after)
    .orderBy("change_no")
    .limit(limit)
    .execute();
}

export async function ensureSender(db: Db, playerId: string, now: Date): Promise<void> {
  await db.insertInto("senders").ignore().values({ player_id: playerId, next_at: now }).execute();
}

/** Locks the player's row until the transaction ends. */
export async function lockSender(tx: Tx, playerId: string): Promise<Date | undefined> {
  const row = await tx
    .selectFrom("senders")
    .select("next_at")
    .where("player_id", "=", playerId)
    .forUpdate()
    .executeTakeFirst();
  return row?.next_at;
}

export async function updateSender(tx: Tx, playerId: string, nextAt: Date): Promise<void> {
  await tx.updateTable("senders").set({ next_at: nextAt }).where("player_id", "=", playerId).execute();
}

/** In the transaction of the change, so that a reader who sees the hint also sees the change. */
export async function insertHint(
  tx: Tx,
  hint: { channelId: string } | { playerIds: readonly string[] },
  at: Date,
): Promise<void> {
  const rows =
    "channelId" in hint
      ? [{ channel_id: hint.channelId, player_id: null, created_at: at }]
      : hint.playerIds.map((playerId) => ({ channel_id: null, player_id: playerId, created_at: at }));
  if (rows.length > 0) await tx.insertInto("changes").values(rows).execute();
}

export interface Hint {
  readonly position: bigint;
  readonly channel_id: string | null;
  readonly player_id: string | null;
}

/** @returns how many went. */
export async function deleteOldHints(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("changes")
    .where("created_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

export async function deleteIdleSenders(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("senders")
    .where("next_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
