// Replays, their files and the lists of players.
import { type Cursor, cursorTime, type Database, isBelowCursor, isDuplicateKey } from "@muster/db";
import { must } from "@muster/errors";
import { currentTraceparent } from "@muster/tracing";
import { type Selectable, sql, type Transaction } from "kysely";
import type { EndedMatch, File, Seat } from "../replays.ts";
import { isRanked } from "../replays.ts";
import type { ReplaysTable, Tables } from "../schema.ts";

export type Db = Database<Tables> | Transaction<Tables>;
type Tx = Transaction<Tables>;

export const REPLAY = [
  "match_id",
  "mode",
  "game_id",
  "build_id",
  "seed",
  "options",
  "seats",
  "end_reason",
  "ticks",
  "state_hash",
  "created_at",
  "ended_at",
  "log_bytes",
  "file_bytes",
  "file_hash",
  "verdict",
  "reason",
  "verified_at",
  "decision",
] as const;

export type ReplayRow = Pick<Selectable<ReplaysTable>, (typeof REPLAY)[number]>;

/** @returns false: it is there already, whatever is delivered again */
export async function insertReplay(tx: Tx, match: EndedMatch): Promise<boolean> {
  try {
    await tx
      .insertInto("replays")
      .values({
        match_id: match.matchId,
        mode: match.mode,
        game_id: match.gameId,
        build_id: match.buildId,
        seed: match.seed,
        options: match.options === undefined ? null : JSON.stringify(match.options),
        seats: JSON.stringify(match.seats),
        traceparent: currentTraceparent(),
        end_reason: match.endReason,
        ticks: match.ticks,
        state_hash: match.stateHash,
        created_at: match.createdAt,
        ended_at: match.endedAt,
        kept_as: isRanked(match) ? "ranked" : "unranked",
        log_bytes: match.logBytes ?? null,
        file_bytes: null,
        file_hash: null,
        verdict: null,
        reason: null,
        detail: null,
        verified_at: null,
        due_at: null,
        claim: null,
        decision: null,
        decided_at: null,
        decided_why: null,
      })
      .execute();
  } catch (err) {
    if (isDuplicateKey(err)) return false;
    throw err;
  }
  const playerIds = new Set(match.seats.flatMap(({ playerId, bot }) => (bot === undefined ? [playerId] : [])));
  const rows = [...playerIds].map((id) => ({ player_id: id, ended_at: match.endedAt, match_id: match.matchId }));
  if (rows.length > 0) await tx.insertInto("replay_players").values(rows).execute();
  return true;
}

/** Once: a file never changes. */
export async function insertFile(tx: Tx, matchId: string, { content, hash }: File): Promise<void> {
  await tx.insertInto("replay_files").values({ match_id: matchId, content }).execute();
  await tx
    .updateTable("replays")
    .set({ file_bytes: content.length, file_hash: hash })
    .where("match_id", "=", matchId)
    .execute();
}

export async function findReplay(db: Db, matchId: string): Promise<ReplayRow | undefined> {
  return db.selectFrom("replays").select(REPLAY).where("match_id", "=", matchId).executeTakeFirst();
}

export async function findFile(db: Db, matchId: string): Promise<Buffer | undefined> {
  const row = await db.selectFrom("replay_files").select("content").where("match_id", "=", matchId).executeTakeFirst();
  return row?.content;
}

export interface FilePart {
  readonly content: Buffer;
  readonly fileBytes: number;
  readonly fileHash: string;
}

export async function findFilePart(
  db: Db,
  matchId: string,
  { offset, bytesMax }: { readonly offset: number; readonly bytesMax: number },
): Promise<FilePart | undefined> {
  const row = await db
    .selectFrom("replay_files as f")
    .innerJoin("replays as r", "r.match_id", "f.match_id")
    .select([
      sql<Buffer>`substring(f.content, ${offset + 1}, ${bytesMax})`.as("content"),
      "r.file_bytes",
      "r.file_hash",
    ])
    .where("f.match_id", "=", matchId)
    .executeTakeFirst();
  if (!row) return undefined;
  const { content, file_bytes, file_hash } = row;
  return { content, fileBytes: must(file_bytes, "it has a file"), fileHash: must(file_hash, "it has a file") };
}

export interface ReplayPage {
  readonly rows: readonly ReplayRow[];
  /** Where a page that ends with this replay goes on. */
  cursorAt(row: ReplayRow): Cursor;
  readonly more: boolean;
}

/** Newest first: a range of the primary key, then the rows of the page. */
export async function listPlayerReplays(
  db: Db,
  playerId: string,
  limit: number,
  after: Cursor | undefined,
): Promise<ReplayPage> {
  let query = db
    .selectFrom("replay_players")
    .select(["match_id", cursorTime("ended_at").as("at")])
    .where("player_id", "=", playerId)
    .orderBy("ended_at", "desc")
    .orderBy("match_id", "desc")
    .limit(limit + 1);
  if (after) query = query.where(isBelowCursor("ended_at", "match_id", after));
  const keys = await query.execute();
  const page = new Map(keys.slice(0, limit).map(({ match_id, at }) => [match_id, at]));
  return {
    rows: await findReplays(db, [...page.keys()]),
    cursorAt: ({ match_id: id }) => ({ at: must(page.get(id), "it is of this page"), id }),
    more: keys.length > limit,
  };
}

/** In the order of the ids; what has been deleted meanwhile is left out. */
async function findReplays(db: Db, ids: readonly string[]): Promise<ReplayRow[]> {
  if (ids.length === 0) return [];
  const rows = await db.selectFrom("replays").select(REPLAY).where("match_id", "in", ids).execute();
  const byId = new Map(rows.map((row) => [row.match_id, row]));
  return ids.flatMap((id) => byId.get(id) ?? []);
}

export function matchOf(row: ReplayRow): EndedMatch {
  return {
    matchId: row.match_id,
    mode: row.mode,
    gameId: row.game_id,
    buildId: row.build_id,
    seed: row.seed,
    options: row.options === null ? undefined : (JSON.parse(row.options) as Record<string, number>),
    seats: seatsOf(row),
    endReason: row.end_reason,
    ticks: row.ticks,
    stateHash: row.state_hash,
    createdAt: row.created_at,
    endedAt: row.ended_at,
    logBytes: row.log_bytes ?? undefined,
  };
}

export function seatsOf({ seats }: Pick<ReplayRow, "seats">): Seat[] {
  return JSON.parse(seats) as Seat[];
}
