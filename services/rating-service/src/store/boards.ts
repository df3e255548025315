// Statements of leaderboards. Why counts and changes are two tables: design/backend/v2.1-rating.md.
import { type Database, inTransaction } from "@muster/db";
import { type RawBuilder, type Selectable, type Transaction, sql } from "kysely";
import { type BoardChange, BUCKET_S, bucketOf } from "../boards.ts";
import type { BoardCountsTable, RatingsTable, Tables } from "../schema.ts";

type Tx = Transaction<Tables>;

/** All players of a season, or those of a region. */
export interface Board {
  readonly mode: string;
  readonly season: number;
  /** Empty: all. */
  readonly region: string;
}

/** Of a player on a board: higher, then earlier, then by id. */
export interface BoardPosition {
  readonly display: number;
  readonly reachedAtMs: number;
  readonly playerId: string;
}

export type BoardRow = Selectable<RatingsTable>;

const ALL_REGIONS = "*";

export async function insertBoardChanges(tx: Tx, mode: string, changes: readonly BoardChange[]): Promise<void> {
  for (let i = 0; i < changes.length; i += 500)
    await tx
      .insertInto("board_changes")
      .values(changes.slice(i, i + 500).map((change) => ({ mode, ...change })))
      .execute();
}

/** Adds changes to the counts, at most so many. @returns how many they were */
export function countChanges(db: Database<Tables>, rowsMax: number): Promise<number> {
  return inTransaction(
    db,
    async (tx) => {
      const changes = await tx
        .selectFrom("board_changes")
        .selectAll()
        .orderBy("position")
        .limit(rowsMax)
        .forUpdate()
        .skipLocked()
        .execute();
      if (changes.length === 0) return 0;
      const counts = new Map<string, Counted>();
      const equals = new Map<string, Counted & { bucket: number }>();
      for (const { mode, season, region, display, bucket, delta } of changes)
        for (const of of region === "" ? [ALL_REGIONS] : [ALL_REGIONS, region]) {
          const counted = { mode, season, region: of, display };
          const key = [mode, season, of, display].join("/");
          counts.set(key, { ...counted, players: (counts.get(key)?.players ?? 0) + delta });
          const inBucket = `${key}/${bucket}`;
          equals.set(inBucket, { ...counted, bucket, players: (equals.get(inBucket)?.players ?? 0) + delta });
        }
      const added = { players: sql<number>`players + values(players)` };
      for (const rows of inKeyOrder(counts))
        await tx.insertInto("board_counts").values(rows).onDuplicateKeyUpdate(added).execute();
      for (const rows of inKeyOrder(equals))
        await tx.insertInto("board_equals").values(rows).onDuplicateKeyUpdate(added).execute();
      await sql`delete from board_changes where position in (${sql.raw(changes.map(({ position }) => position).join(","))})`.execute(
        tx,
      );
      return changes.length;
    },
    { isolation: "read committed", repeatable: "count boards" },
  );
}

type Counted = Selectable<BoardCountsTable>;

/** Several instances may be at it: in the same order, they do not block each other. */
function inKeyOrder<T extends Counted>(counted: ReadonlyMap<string, T>): T[][] {
  const rows = [...counted]
    .filter(([, { players }]) => players !== 0)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, row]) => row);
  return Array.from({ length: Math.ceil(rows.length / 500) }, (_, i) => rows.slice(i * 500, (i + 1) * 500));
}

/** A mode's counts from its ratings, while the mode is locked. Changes first, as countChanges has them. */
export async function countAgain(tx: Tx, mode: string): Promise<void> {
  await tx.deleteFrom("board_changes").where("mode", "=", mode).execute();
  await tx.deleteFrom("board_counts").where("mode", "=", mode).execute();
  await tx.deleteFrom("board_equals").where("mode", "=", mode).execute();
  for (const [of, which] of [
    [sql`${ALL_REGIONS}`, sql`mode = ${mode}`],
    [sql`region`, sql`mode = ${mode} and region <> ''`],
  ] as const) {
    await sql`
      insert into board_counts (mode, season, region, display, players)
      select mode, season, ${of}, display, count(*) from ratings where ${which} group by 1, 2, 3, 4`.execute(tx);
    await sql`
      insert into board_equals (mode, season, region, display, bucket, players)
      select mode, season, ${of}, display, timestampdiff(second, '1970-01-01', reached_at) div ${sql.lit(BUCKET_S)}, count(*)
        from ratings where ${which} group by 1, 2, 3, 4, 5`.execute(tx);
  }
}

export async function findBoardRow(
  tx: Database<Tables>,
  { mode, season, region }: Board,
  playerId: string,
): Promise<BoardRow | undefined> {
  return tx
    .selectFrom("ratings")
    .selectAll()
    .where("mode", "=", mode)
    .where("season", "=", season)
    .where("player_id", "=", playerId)
    .$if(region !== "", (query) => query.where("region", "=", region))
    .executeTakeFirst();
}

/** From 1. In one statement, so that it is of one moment. */
export async function rankOf(db: Database<Tables>, board: Board, position: BoardPosition): Promise<number> {
  const { mode, season, region } = board;
  const { display, reachedAtMs, playerId } = position;
  const reachedAt = new Date(reachedAtMs);
  const ofBoard = sql`mode = ${mode} and season = ${season}`;
  const ofRegion = region === "" ? sql`` : sql`and region = ${region}`;
  const { bucket, startsAtMs } = bucketOf(reachedAtMs);
  const ofCounted = sql`${ofBoard} and region = ${region === "" ? ALL_REGIONS : region}`;
  const { rows } = await sql<{ rank: number }>`
    select 1
      + (select coalesce(sum(players), 0) from board_counts where ${ofCounted} and display > ${display})
      + (select coalesce(sum(players), 0) from board_equals
          where ${ofCounted} and display = ${display} and bucket < ${bucket})
      + (select coalesce(sum(delta), 0) from board_changes
          where ${ofBoard} ${ofRegion} and (display > ${display} or display = ${display} and bucket < ${bucket}))
      + (select count(*) from ratings
          where ${ofBoard} ${ofRegion} and display = ${display}
            and reached_at >= ${new Date(startsAtMs)} and reached_at <= ${reachedAt}
            and (reached_at < ${reachedAt} or player_id < ${playerId})) as \`rank\``.execute(db);
  return Number(rows[0]?.rank);
}

/** How many are on it. */
export async function sizeOf(db: Database<Tables>, { mode, season, region }: Board): Promise<number> {
  const ofBoard = sql`mode = ${mode} and season = ${season}`;
  const ofRegion = region === "" ? sql`` : sql`and region = ${region}`;
  const { rows } = await sql<{ size: number }>`
    select (select coalesce(sum(players), 0) from board_counts
             where ${ofBoard} and region = ${region === "" ? ALL_REGIONS : region})
      + (select coalesce(sum(delta), 0) from board_changes where ${ofBoard} ${ofRegion}) as size`.execute(db);
  return Number(rows[0]?.size);
}

/** Below a position, or from the top. */
export function listBelow(
  db: Database<Tables>,
  board: Board,
  position: BoardPosition | undefined,
  limit: number,
): Promise<BoardRow[]> {
  return list(db, board, position && { position, above: false }, limit);
}

/** Above a position, the nearest last. */
export async function listAbove(
  db: Database<Tables>,
  board: Board,
  position: BoardPosition,
  limit: number,
): Promise<BoardRow[]> {
  return (await list(db, board, { position, above: true }, limit)).toReversed();
}

/** Two ranges of the index: those with the position's own display rating, and those beyond. */
async function list(
  db: Database<Tables>,
  { mode, season, region }: Board,
  from: { readonly position: BoardPosition; readonly above: boolean } | undefined,
  limit: number,
): Promise<BoardRow[]> {
  const ofBoard = sql`mode = ${mode} and season = ${season} ${region === "" ? sql`` : sql`and region = ${region}`}`;
  const index = sql.raw(region === "" ? "ratings_board" : "ratings_region_board");
  const [down, up] = from?.above ? [sql.raw("asc"), sql.raw("desc")] : [sql.raw("desc"), sql.raw("asc")];
  const order = sql`order by display ${down}, reached_at ${up}, player_id ${up}`;
  const ask = async (which: RawBuilder<unknown>, max: number): Promise<BoardRow[]> => {
    const { rows } = await sql<BoardRow>`
      select mode, season, player_id, mu, sigma, display, matches, region, reached_at
        from ratings force index (${index}) where ${ofBoard} ${which} ${order} limit ${max}`.execute(db);
    return rows;
  };
  if (!from) return ask(sql``, limit);
  const { display, reachedAtMs, playerId } = from.position;
  const at = new Date(reachedAtMs);
  const equals = from.above
    ? sql`and display = ${display} and reached_at <= ${at} and (reached_at < ${at} or player_id < ${playerId})`
    : sql`and display = ${display} and reached_at >= ${at} and (reached_at > ${at} or player_id > ${playerId})`;
  const rows = await ask(equals, limit);
  if (rows.length >= limit) return rows;
  const beyond = from.above ? sql`and display > ${display}` : sql`and display < ${display}`;
  return [...rows, ...(await ask(beyond, limit - rows.length))];
}
