// Every SQL statement of match-service.
import { type Cursor, cursorTime, type Database, isBelowCursor, prepared } from "@muster/db";
import type { MatchStateName } from "@muster/contracts/match/names";
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
const PARTICIPANT = [
  "match_id",
  "seat",
  "player_id",
  "player_name",
  "score",
  "rank",
  "bot",
  "team",
  "unplayed",
] as const;

/** @throws a duplicate-key error when the match exists. */
export async function insertMatch(
  tx: Tx,
  match: MatchRow,
  seats: readonly { seat: number; playerId: string; playerName: string; bot: string; team?: number | undefined }[],
  leaseRound: number | null,
): Promise<void> {
  await tx
    .insertInto("matches")
    .values({ ...match, lease_round: leaseRound })
    .execute();
  const rows = seats.map(({ seat, playerId, playerName, bot, team = null }) => ({
    match_id: match.id,
    seat,
    player_id: playerId,
    player_name: playerName,
    created_at: match.created_at,
    score: null,
    rank: null,
    bot: bot === "" ? null : bot,
    team,
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

/** Deflated, by match; of those that have one. */
export async function findReplays(db: Db, matchIds: readonly string[]): Promise<Map<string, Buffer>> {
  const rows = await db
    .selectFrom("replays")
    .select(["match_id", "input_log"])
    .where("match_id", "in", matchIds)
    .execute();
  return new Map(rows.map(({ match_id, input_log }) => [match_id, input_log]));
}

/** Those that were played to an end before then, first ended first. */
export async function listEnded(db: Db, before: Date): Promise<string[]> {
  const rows = await db
    .selectFrom("matches")
    .select("id")
    .where("state", "=", "ended")
    .where("ended_at", "<", before)
    .orderBy("ended_at")
    .orderBy("id")
    .execute();
  return rows.map(({ id }) => id);
}

export async function findEventIds(db: Db, eventIds: readonly string[]): Promise<Set<string>> {
  const rows = await db.selectFrom("outbox").select("event_id").where("event_id", "in", eventIds).execute();
  return new Set(rows.map(({ event_id }) => event_id));
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
      .set({ score, rank, unplayed: ending.unplayed.includes(seat) ? 1 : 0 })
      .where("match_id", "=", id)
      .where("seat", "=", seat)
      .execute();
  }
}

export interface MatchPage {
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
): Promise<MatchPage> {
  const keys = after
    ? await pageAfter(db, [playerId, after.at, after.at, after.id, limit + 1])
    : await firstPage(db, [playerId, limit + 1]);
  return pageOf(
    db,
    keys.map((key) => ({ id: key.match_id, at: key.created_at_text })),
    limit,
  );
}

/** Newest first. The end of an index that begins with the state, then the rows of that page by primary key. */
export async function listLiveMatches(
  db: Db,
  mode: string,
  limit: number,
  after: Cursor | undefined,
): Promise<MatchPage> {
  return listMatchesIn(db, { state: "running", mode }, limit, after);
}

/** The same of any state. */
export async function listMatchesIn(
  db: Db,
  which: { readonly state: MatchStateName; readonly mode: string },
  limit: number,
  after: Cursor | undefined,
): Promise<MatchPage> {
  return pageOf(db, await stateKeys(db, which, limit + 1, after).execute(), limit);
}

/** @param keys one more than the page has, if there are as many */
async function pageOf(db: Db, keys: readonly Cursor[], limit: number): Promise<MatchPage> {
  const times = new Map(keys.slice(0, limit).map(({ id, at }) => [id, at]));
  return {
    records: await findMatches(db, [...times.keys()]),
    cursorAt: ({ match: { id } }) => ({ at: must(times.get(id), "it is of this page"), id }),
    more: keys.length > limit,
  };
}

export const liveKeys = (db: Db, mode: string, limit: number, after: Cursor | undefined) =>
  stateKeys(db, { state: "running", mode }, limit, after);

const stateKeys = (
  db: Db,
  { state, mode }: { readonly state: MatchStateName; readonly mode: string },
  limit: number,
  after: Cursor | undefined,
) =>
  db
    .selectFrom("matches")
    .select(["id", cursorTime("created_at").as("at")])
    .where("state", "=", state)
    .$if(mode !== "", (query) => query.where("mode", "=", mode))
    .$if(after !== undefined, (query) => query.where(isBelowCursor("created_at", "id", after as Cursor)))
    .orderBy("created_at", "desc")
    .orderBy("id", "desc")
    .limit(limit);

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
