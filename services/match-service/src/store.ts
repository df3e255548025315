// Every SQL statement of match-service.
import { type Cursor, cursorTime, type Database, isBelowCursor, prepared } from "@muster/db";
import { must } from "@muster/errors";
import { type Kysely, type Transaction, sql } from "kysely";
import type { Ending, MatchRecord, MatchRow } from "./matches.ts";
import type { MatchesTable, Tables } from "./schema.ts";

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
  "options",
] as const;
/** The only row of lease_clock. */
const CLOCK = 1;
const PARTICIPANT = ["match_id", "seat", "player_id", "player_name", "score", "rank", "bot"] as const;

/** @throws a duplicate-key error when the match exists. */
export async function insertMatch(
  tx: Tx,
  match: MatchRow,
  seats: readonly { seat: number; playerId: string; playerName: string; bot: string }[],
  leaseRound: number | null,
): Promise<void> {
  await tx
    .insertInto("matches")
    .values({ ...match, lease_round: leaseRound })
    .execute();
  const rows = seats.map(({ seat, playerId, playerName, bot }) => ({
    match_id: match.id,
    seat,
    player_id: playerId,
    player_name: playerName,
    created_at: match.created_at,
    score: null,
    rank: null,
    bot: bot === "" ? null : bot,
  }));
  await tx.insertInto("participants").values(rows).execute();
}

export async function findMatch(db: Db, id: string): Promise<MatchRecord | undefined> {
  const match = await db.selectFrom("matches").select(MATCH).where("id", "=", id).executeTakeFirst();
  return match && { match, participants: await listParticipants(db, [id]) };
}

/** Locks the match until the transaction ends. */
export async function lockMatch(tx: Tx, id: string): Promise<MatchRecord | undefined> {
  const match = await tx.selectFrom("matches").select(MATCH).where("id", "=", id).forUpdate().executeTakeFirst();
  return match && { match, participants: await listParticipants(tx, [id]) };
}

/** Locks the matches, in the order of their ids: two callers never wait for each other. Unknown ones are left out. */
export async function lockAuthorities(
  tx: Tx,
  ids: readonly string[],
): Promise<Map<string, Pick<MatchRow, "id" | "state" | "epoch" | "shard_id">>> {
  const rows = await tx
    .selectFrom("matches")
    .select(["id", "state", "epoch", "shard_id"])
    .where("id", "in", ids)
    .orderBy("id")
    .forUpdate()
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

/** The matches get the next epoch, on this shard. */
export async function advanceAll(
  tx: Tx,
  ids: readonly string[],
  shardId: string,
  leaseRound: number | null,
): Promise<void> {
  await tx
    .updateTable("matches")
    .set({ epoch: sql`epoch + 1`, shard_id: shardId, lease_round: leaseRound })
    .where("id", "in", ids)
    .execute();
}

export async function leaseRound(db: Db): Promise<number> {
  const row = await db.selectFrom("lease_clock").select("round").where("id", "=", CLOCK).executeTakeFirst();
  return row?.round ?? 0;
}

/** The next round, unless another instance has begun it. */
export async function advanceRound(db: Db, seen: number): Promise<void> {
  await db
    .insertInto("lease_clock")
    .values({ id: CLOCK, round: seen + 1 })
    .onDuplicateKeyUpdate({ round: sql`if(round = ${seen}, round + 1, round)` })
    .execute();
}

export async function findLeases(
  db: Db,
  ids: readonly string[],
): Promise<Pick<MatchesTable, "id" | "state" | "cancel_reason" | "shard_id" | "lease_round">[]> {
  return db
    .selectFrom("matches")
    .select(["id", "state", "cancel_reason", "shard_id", "lease_round"])
    .where("id", "in", ids)
    .execute();
}

export async function storeLeases(db: Db, ids: readonly string[], shardId: string, round: number): Promise<void> {
  await db
    .updateTable("matches")
    .set({ lease_round: round })
    .where("id", "in", ids)
    .where("state", "=", "running")
    .where("shard_id", "=", shardId)
    .execute();
}

/** Locks running matches whose lease is of this round or older; those that another instance has locked are its own. */
export async function lockExpired(tx: Tx, round: number, limit: number): Promise<MatchRecord[]> {
  const matches = await tx
    .selectFrom("matches")
    .select(MATCH)
    .where("state", "=", "running")
    .where("lease_round", "<=", round)
    .orderBy("lease_round")
    .limit(limit)
    .forUpdate()
    .skipLocked()
    .execute();
  if (matches.length === 0) return [];
  const seats = Map.groupBy(
    await listParticipants(
      tx,
      matches.map(({ id }) => id),
    ),
    (row) => row.match_id,
  );
  return matches.map((match) => ({ match, participants: seats.get(match.id) ?? [] }));
}

export async function insertReplay(tx: Tx, matchId: string, inputLog: Uint8Array): Promise<void> {
  await tx
    .insertInto("replays")
    .values({ match_id: matchId, input_log: Buffer.from(inputLog) })
    .execute();
}

export async function findReplay(db: Db, matchId: string): Promise<Buffer | undefined> {
  const row = await db.selectFrom("replays").select("input_log").where("match_id", "=", matchId).executeTakeFirst();
  return row?.input_log;
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

/** Of one mode, by player; who has none is left out. */
export async function findRatings(
  db: Db,
  playerIds: readonly string[],
  mode: string,
): Promise<Map<string, { rating: number; matches: number }>> {
  const rows = await db
    .selectFrom("ratings")
    .select(["player_id", "rating", "matches"])
    .where("player_id", "in", playerIds)
    .where("mode", "=", mode)
    .execute();
  return new Map(rows.map(({ player_id, rating, matches }) => [player_id, { rating, matches }]));
}

/** What is looked at of all players together: who meets others in between earns by these what it may. */
const MEETINGS_LOOKED_AT = 128;
const MEETINGS_PER_PLAYER_MIN = 4;

/**
 * How often each two of these players met in a match that ended, since then, in whatever mode; by "one other", for one order of
 * the two. Of each player only the latest matches are looked at: it costs the same for who has played a thousand.
 */
export async function countMeetings(
  tx: Tx,
  playerIds: readonly string[],
  since: Date,
  exceptMatchId: string,
): Promise<Map<string, number>> {
  const latest = Math.max(MEETINGS_PER_PLAYER_MIN, Math.floor(MEETINGS_LOOKED_AT / playerIds.length));
  const ofOne = (playerId: string, others: readonly string[]) =>
    tx
      .selectFrom((of) =>
        of
          .selectFrom("participants")
          .select("match_id")
          .where("player_id", "=", playerId)
          .where("created_at", ">=", since)
          .where("match_id", "!=", exceptMatchId)
          .orderBy("created_at", "desc")
          .orderBy("match_id", "desc")
          .limit(latest)
          .as("recent"),
      )
      .innerJoin("participants as other", "other.match_id", "recent.match_id")
      .select([sql<string>`${playerId}`.as("one"), "other.player_id", sql<number>`count(*)`.as("times")])
      .where("other.player_id", "in", others)
      .where("other.rank", "is not", null)
      .groupBy("other.player_id");
  const [first, ...more] = playerIds.slice(0, -1).map((id, i) => ofOne(id, playerIds.slice(i + 1)));
  if (!first) return new Map();
  const rows = await more.reduce((all, one) => all.unionAll(one), first as (typeof more)[number]).execute();
  return new Map(rows.map(({ one, player_id, times }) => [`${one} ${player_id}`, Number(times)]));
}

/** Makes the missing rows and locks all of them, in the order of the ids: two matches never wait for each other. */
export async function lockRatings(
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
  /** Where a page that ends with this match goes on. */
  cursorAt(record: MatchRecord): Cursor;
  readonly more: boolean;
}

/** Newest first. One index range on participants, then the rows of that page by primary key. */
export async function listPlayerMatches(
  db: Db,
  playerId: string,
  limit: number,
  after: Cursor | undefined,
): Promise<HistoryPage> {
  const keys = after
    ? await pageAfter(db, [playerId, after.at, after.at, after.id, limit + 1])
    : await firstPage(db, [playerId, limit + 1]);
  const page = keys.slice(0, limit);
  const times = new Map(page.map((key) => [key.match_id, key.created_at_text]));
  return {
    records: await findMatches(db, [...times.keys()]),
    cursorAt: ({ match: { id } }) => ({ at: must(times.get(id), "it is of this page"), id }),
    more: keys.length > limit,
  };
}

const pageKeys = (db: Kysely<Tables>, playerId: string, limit: number) =>
  db
    .selectFrom("participants")
    .select(["match_id", cursorTime("created_at").as("created_at_text")])
    .where("player_id", "=", playerId)
    .orderBy("created_at", "desc")
    .orderBy("match_id", "desc")
    .limit(limit);

const firstPage = prepared((db: Kysely<Tables>, [playerId, limit]: readonly [string, number]) =>
  pageKeys(db, playerId, limit),
);

/** The cursor's time stands twice in the statement. */
const pageAfter = prepared(
  (db: Kysely<Tables>, [playerId, at, , id, limit]: readonly [string, string, string, string, number]) =>
    pageKeys(db, playerId, limit).where(isBelowCursor("created_at", "match_id", { at, id })),
);

/** In the order of the ids; unknown ones are left out. */
export async function findMatches(db: Db, ids: readonly string[]): Promise<MatchRecord[]> {
  if (ids.length === 0) return [];
  const matches = await matchesById(db, ids);
  const byId = new Map(matches.map((match) => [match.id, match]));
  const seats = Map.groupBy(await listParticipants(db, ids), (row) => row.match_id);
  return ids.flatMap((id) => {
    const match = byId.get(id);
    return match ? [{ match, participants: seats.get(id) ?? [] }] : [];
  });
}

const matchesById = prepared((db: Kysely<Tables>, ids: readonly string[]) =>
  db.selectFrom("matches").select(MATCH).where("id", "in", ids),
);

const listParticipants = prepared((db: Kysely<Tables>, matchIds: readonly string[]) =>
  db
    .selectFrom("participants")
    .select(PARTICIPANT)
    .where("match_id", "in", matchIds)
    .orderBy("match_id")
    .orderBy("seat"),
);
