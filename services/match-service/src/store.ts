// Every SQL statement of match-service.
import type { Database } from "@muster/db";
import { type Transaction, sql } from "kysely";
import type { Cursor } from "./cursors.ts";
import type { Ending, MatchRecord, MatchRow, ParticipantRow } from "./matches.ts";
import type { OutboxTable, Tables } from "./schema.ts";

export type Db = Database<Tables> | Transaction<Tables>;
type Tx = Transaction<Tables>;

const MATCH = [
  "id",
  "mode",
  "game_id",
  "build_id",
  "seed",
  "epoch",
  "shard_id",
  "state",
  "created_at",
  "ended_at",
  "end_reason",
  "cancel_reason",
  "ticks",
  "state_hash",
] as const;
const PARTICIPANT = ["match_id", "seat", "player_id", "player_name", "score", "rank"] as const;

/** @throws a duplicate-key error when the match exists. */
export async function insertMatch(
  tx: Tx,
  match: MatchRow,
  seats: readonly { seat: number; playerId: string; playerName: string }[],
): Promise<void> {
  await tx.insertInto("matches").values(match).execute();
  const rows = seats.map(({ seat, playerId, playerName }) => ({
    match_id: match.id,
    seat,
    player_id: playerId,
    player_name: playerName,
    created_at: match.created_at,
    score: null,
    rank: null,
  }));
  await tx.insertInto("participants").values(rows).execute();
}

export async function findMatch(db: Db, id: string): Promise<MatchRecord | undefined> {
  const match = await db.selectFrom("matches").select(MATCH).where("id", "=", id).executeTakeFirst();
  return match && { match, participants: await listParticipants(db, [id]) };
}

/** Locks the match until the transaction ends. */
export async function holdMatch(tx: Tx, id: string): Promise<MatchRecord | undefined> {
  const match = await tx.selectFrom("matches").select(MATCH).where("id", "=", id).forUpdate().executeTakeFirst();
  return match && { match, participants: await listParticipants(tx, [id]) };
}

export async function updateEpoch(tx: Tx, id: string, epoch: number, shardId: string): Promise<void> {
  await tx.updateTable("matches").set({ epoch, shard_id: shardId }).where("id", "=", id).execute();
}

export async function storeEnding(tx: Tx, id: string, ending: Ending, endedAt: Date): Promise<void> {
  await tx
    .updateTable("matches")
    .set({
      state: ending.state,
      end_reason: ending.endReason,
      cancel_reason: ending.cancelReason,
      ticks: ending.ticks,
      state_hash: ending.stateHash,
      ended_at: endedAt,
    })
    .where("id", "=", id)
    .execute();
  for (const [seat, { score, rank }] of ending.seats.entries()) {
    await tx
      .updateTable("participants")
      .set({ score, rank })
      .where("match_id", "=", id)
      .where("seat", "=", seat)
      .execute();
  }
}

export async function insertEvent(
  tx: Tx,
  event: Pick<OutboxTable, "event_id" | "event_type" | "partition_key" | "payload" | "traceparent">,
): Promise<void> {
  await tx
    .insertInto("outbox")
    .values({ ...event, published_at: null })
    .execute();
}

export async function findRating(
  db: Db,
  playerId: string,
  mode: string,
): Promise<{ rating: number; matches: number } | undefined> {
  return db
    .selectFrom("ratings")
    .select(["rating", "matches"])
    .where("player_id", "=", playerId)
    .where("mode", "=", mode)
    .executeTakeFirst();
}

/** Makes the missing rows and locks all of them, in the order of the ids: two matches never wait for each other. */
export async function holdRatings(
  tx: Tx,
  playerIds: readonly string[],
  mode: string,
  initial: number,
): Promise<Map<string, number>> {
  const sorted = playerIds.toSorted();
  await tx
    .insertInto("ratings")
    .values(sorted.map((playerId) => ({ player_id: playerId, mode, rating: initial, matches: 0 })))
    .onDuplicateKeyUpdate({ mode: sql`values(mode)` })
    .execute();
  const rows = await tx
    .selectFrom("ratings")
    .select(["player_id", "rating"])
    .where("mode", "=", mode)
    .where("player_id", "in", sorted)
    .orderBy("player_id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.player_id, row.rating]));
}

export async function storeRating(tx: Tx, playerId: string, mode: string, rating: number): Promise<void> {
  await tx
    .updateTable("ratings")
    .set({ rating, matches: sql`matches + 1` })
    .where("player_id", "=", playerId)
    .where("mode", "=", mode)
    .execute();
}

export interface HistoryPage {
  readonly records: readonly MatchRecord[];
  /** Where the next page starts; undefined on the last. */
  readonly next: Cursor | undefined;
}

/** Newest first. One index range on participants, then the rows of that page by primary key. */
export async function listPlayerMatches(
  db: Db,
  playerId: string,
  limit: number,
  after: Cursor | undefined,
): Promise<HistoryPage> {
  const keys = await db
    .selectFrom("participants")
    .select(["match_id", sql<string>`date_format(created_at, '%Y-%m-%d %H:%i:%s.%f')`.as("created_at_text")])
    .where("player_id", "=", playerId)
    .$if(after !== undefined, (query) =>
      query.where(sql<boolean>`(created_at, match_id) < (cast(${after?.createdAt} as datetime(6)), ${after?.matchId})`),
    )
    .orderBy("created_at", "desc")
    .orderBy("match_id", "desc")
    .limit(limit + 1)
    .execute();
  const page = keys.slice(0, limit);
  const last = page.at(-1);
  const next = keys.length > limit && last ? { createdAt: last.created_at_text, matchId: last.match_id } : undefined;
  return {
    records: await findMatches(
      db,
      page.map((key) => key.match_id),
    ),
    next,
  };
}

async function findMatches(db: Db, ids: readonly string[]): Promise<MatchRecord[]> {
  if (ids.length === 0) return [];
  const matches = await db.selectFrom("matches").select(MATCH).where("id", "in", ids).execute();
  const byId = new Map(matches.map((match) => [match.id, match]));
  const seats = Map.groupBy(await listParticipants(db, ids), (row) => row.match_id);
  return ids.flatMap((id) => {
    const match = byId.get(id);
    return match ? [{ match, participants: seats.get(id) ?? [] }] : [];
  });
}

async function listParticipants(db: Db, matchIds: readonly string[]): Promise<ParticipantRow[]> {
  return db
    .selectFrom("participants")
    .select(PARTICIPANT)
    .where("match_id", "in", matchIds)
    .orderBy("match_id")
    .orderBy("seat")
    .execute();
}
