// SQL for room invitations.
import { sql } from "kysely";
import type { InvitationRow } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

/** False when the player has one into this room already, declined or not. */
export async function insertInvitation(tx: Tx, invitation: InvitationRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto("invitations")
    .ignore()
    .values(invitation)
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}

export interface ListedInvitation {
  readonly channel_id: string;
  readonly name: string;
  readonly is_private: number;
  readonly inviter_id: string;
  readonly inviter_name: string;
  readonly created_at: Date;
}

/** Those made after `since` that were not declined, newest first. */
export async function listInvitations(db: Db, playerId: string, since: Date): Promise<ListedInvitation[]> {
  return db
    .selectFrom("invitations as i")
    .innerJoin("channels as c", "c.id", "i.channel_id")
    .select(["i.channel_id", "c.name", "c.is_private", "i.inviter_id", "i.inviter_name", "i.created_at"])
    .where("i.player_id", "=", playerId)
    .where("i.state", "=", "pending")
    .where("i.created_at", ">", since)
    .orderBy("i.created_at", "desc")
    .orderBy("i.channel_id")
    .execute();
}

export async function hasInvitation(db: Db, channelId: string, playerId: string, since: Date): Promise<boolean> {
  const row = await db
    .selectFrom("invitations")
    .select("channel_id")
    .where("player_id", "=", playerId)
    .where("channel_id", "=", channelId)
    .where("created_at", ">", since)
    .executeTakeFirst();
  return row !== undefined;
}

export async function declineInvitation(db: Db, channelId: string, playerId: string): Promise<void> {
  await db
    .updateTable("invitations")
    .set({ state: "declined" })
    .where("player_id", "=", playerId)
    .where("channel_id", "=", channelId)
    .execute();
}

/** False when there was none. */
export async function deleteInvitation(tx: Tx, channelId: string, playerId: string): Promise<boolean> {
  const { numDeletedRows } = await tx
    .deleteFrom("invitations")
    .where("player_id", "=", playerId)
    .where("channel_id", "=", channelId)
    .executeTakeFirstOrThrow();
  return numDeletedRows > 0n;
}

/** One that ended and was not tidied away yet must not keep a new one out. */
export async function deleteEnded(tx: Tx, channelId: string, playerId: string, since: Date): Promise<void> {
  await tx
    .deleteFrom("invitations")
    .where("player_id", "=", playerId)
    .where("channel_id", "=", channelId)
    .where("created_at", "<=", since)
    .execute();
}

/** What is beyond `max` goes: declined ones first, then those of strangers, then the oldest. */
export async function trimInvitations(tx: Tx, playerId: string, max: number): Promise<void> {
  const { count } = await tx
    .selectFrom("invitations")
    .select((eb) => eb.fn.countAll<bigint>().as("count"))
    .where("player_id", "=", playerId)
    .executeTakeFirstOrThrow();
  const excess = Number(count) - max;
  if (excess <= 0) return;
  await sql`
    delete from invitations where player_id = ${playerId}
    order by state = 'declined' desc, is_acquainted, created_at limit ${sql.lit(excess)}`.execute(tx);
}

/** Those that another player made, or that lead into its rooms. */
export async function deleteInvitationsBy(
  tx: Tx,
  playerId: string,
  inviterId: string,
  roomIds: readonly string[],
): Promise<void> {
  await tx
    .deleteFrom("invitations")
    .where("player_id", "=", playerId)
    .where((eb) =>
      eb.or([eb("inviter_id", "=", inviterId), ...(roomIds.length > 0 ? [eb("channel_id", "in", roomIds)] : [])]),
    )
    .execute();
}

/** @returns how many went. */
export async function deleteOldInvitations(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("invitations")
    .where("created_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
