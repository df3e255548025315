// Statements on what the fold has made: locks of modes, heads, points and ratings.
import { type Kysely, type Selectable, type Transaction, sql } from "kysely";
import { displayOf } from "../display.ts";
import type { PlayerState, Point, Result } from "../fold.ts";
import type { Position } from "../position.ts";
import { MEETINGS_WINDOW_MS } from "../meetings.ts";
import { ALGORITHM } from "../rate-match.ts";
import type { HeadsTable, PointsTable, RatingsTable, Tables } from "../schema.ts";
import type { Season } from "../seasons.ts";

type Tx = Transaction<Tables>;
type Db = Kysely<Tables>;

/** How long a result waits for a rewind before its transaction fails, as transient. */
const MODE_WAIT_S = 2;
const CHUNK = 200;

/** So that nobody moves what the mode's results are applied on. */
export async function shareMode(tx: Tx, mode: string): Promise<void> {
  const share = async (): Promise<boolean> => {
    const { rows } = await sql`
      select mode from modes where mode = ${mode} lock in share mode wait ${sql.lit(MODE_WAIT_S)}`.execute(tx);
    return rows.length > 0;
  };
  if (await share()) return;
  await sql`insert ignore into modes (mode) values (${mode})`.execute(tx);
  await share();
}

/** So that nobody applies results of the mode. */
export async function lockMode(tx: Tx, mode: string): Promise<void> {
  await tx.selectFrom("modes").select("mode").where("mode", "=", mode).forUpdate().execute();
}

/** So that nobody applies results at all; with REPEATABLE READ no new modes come either. */
export async function lockAllModes(tx: Tx): Promise<void> {
  await tx.selectFrom("modes").select("mode").orderBy("mode").forUpdate().execute();
}

export async function listModes(db: Db): Promise<string[]> {
  return (await db.selectFrom("modes").select("mode").orderBy("mode").execute()).map(({ mode }) => mode);
}

/** By number. */
export async function listSeasons(db: Db): Promise<Season[]> {
  const rows = await db.selectFrom("seasons").select(["season", "name", "starts_at"]).orderBy("season").execute();
  return rows.map(({ season, name, starts_at }) => ({ season, name, startsAtMs: starts_at.getTime() }));
}

export interface Head {
  readonly state: PlayerState;
  readonly last: Position;
}

/** Each player's row, made if there is none; by id, so that two who want the same ones do not block each other. */
export async function lockHeads(tx: Tx, mode: string, playerIds: readonly string[]): Promise<Map<string, Head>> {
  const none = { season: 0, mu: 0, sigma: 0, matches: 0, region: "", reached_at: new Date(0), ended_at: new Date(0) };
  await tx
    .insertInto("heads")
    .values(playerIds.toSorted().map((player_id) => ({ mode, player_id, ...none, match_id: "" })))
    .onDuplicateKeyUpdate({ mode: sql`heads.mode` })
    .execute();
  return findHeads(tx, mode, playerIds);
}

/** Of those who have a result. */
export async function findHeads(db: Db, mode: string, playerIds: readonly string[]): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>();
  for (const some of chunks(playerIds)) {
    const rows = await db
      .selectFrom("heads")
      .selectAll()
      .where("mode", "=", mode)
      .where("player_id", "in", some)
      .where("season", ">", 0)
      .execute();
    for (const row of rows) heads.set(row.player_id, headOf(row));
  }
  return heads;
}

function headOf(row: Selectable<HeadsTable>): Head {
  return { state: stateOf(row), last: { endedAtMs: row.ended_at.getTime(), matchId: row.match_id } };
}

export function stateOf(
  row: Pick<Selectable<HeadsTable>, "mu" | "sigma" | "season" | "matches" | "region" | "reached_at">,
): PlayerState {
  const { mu, sigma, season, matches, region, reached_at } = row;
  return { mu, sigma, season, matches, region, reachedAtMs: reached_at.getTime() };
}

const rowOf = ({ mu, sigma, season, matches, region, reachedAtMs }: PlayerState) => ({
  mu,
  sigma,
  season,
  matches,
  region,
  reached_at: new Date(reachedAtMs),
});

export async function storeHeads(tx: Tx, mode: string, heads: ReadonlyMap<string, Head>): Promise<void> {
  for (const some of chunks([...heads].toSorted(([a], [b]) => (a < b ? -1 : 1))))
    await tx
      .replaceInto("heads")
      .values(
        some.map(([player_id, { state, last }]) => ({
          mode,
          player_id,
          ...rowOf(state),
          ended_at: new Date(last.endedAtMs),
          match_id: last.matchId,
        })),
      )
      .execute();
}

export async function deleteHeads(tx: Tx, mode: string, playerIds: readonly string[]): Promise<void> {
  for (const some of chunks(playerIds))
    await tx.deleteFrom("heads").where("mode", "=", mode).where("player_id", "in", some).execute();
}

/** Instead of those that the result has, if it has any. */
export async function storePoints(
  tx: Tx,
  all: readonly { readonly result: Result; readonly points: readonly Point[] }[],
): Promise<void> {
  const rows = all.flatMap(({ result, points }) =>
    points.map(({ playerId, before, after }) => ({
      player_id: playerId,
      mode: result.mode,
      ended_at: new Date(result.endedAtMs),
      match_id: result.matchId,
      ...rowOf(after),
      mu_before: before.mu,
      sigma_before: before.sigma,
      algorithm: ALGORITHM,
    })),
  );
  for (const some of chunks(rows)) await tx.replaceInto("points").values(some).execute();
}

export async function deletePoints(tx: Tx, matchIds: readonly string[]): Promise<void> {
  for (const some of chunks(matchIds)) await tx.deleteFrom("points").where("match_id", "in", some).execute();
}

export type PointRow = Selectable<PointsTable>;

export async function listPointsOfMatches(db: Db, matchIds: readonly string[]): Promise<PointRow[]> {
  const rows: PointRow[] = [];
  for (const some of chunks(matchIds))
    rows.push(...(await db.selectFrom("points").selectAll().where("match_id", "in", some).execute()));
  return rows;
}

/** The last points of players before a result of each; of those who have one. */
export async function findPointsBefore(
  tx: Tx,
  mode: string,
  players: readonly { readonly playerId: string; readonly before: Position }[],
): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>();
  for (const some of chunks(players)) {
    const ofOne = ({ playerId, before }: (typeof some)[number]) => {
      const at = new Date(before.endedAtMs);
      return sql`(select player_id, mu, sigma, season, matches, region, reached_at, ended_at, match_id from points
        where player_id = ${playerId} and mode = ${mode} and ended_at <= ${at}
          and (ended_at < ${at} or match_id < ${before.matchId})
        order by ended_at desc, match_id desc limit 1)`;
    };
    const { rows } = await sql<PointRow>`${sql.join(some.map(ofOne), sql` union all `)}`.execute(tx);
    for (const row of rows) heads.set(row.player_id, headOf(row));
  }
  return heads;
}

export interface Meeting extends Position {
  readonly playerId: string;
}

/** The matches of players in the window before a result, in canonical order. */
export async function listMeetings(
  tx: Tx,
  mode: string,
  players: readonly { readonly playerId: string; readonly before: Position }[],
): Promise<Meeting[]> {
  const meetings: Meeting[] = [];
  for (const some of chunks(players)) {
    const ofOne = ({ playerId, before }: (typeof some)[number]) => {
      const at = new Date(before.endedAtMs);
      return sql`select player_id, ended_at, match_id from points
        where player_id = ${playerId} and mode = ${mode}
          and ended_at >= ${new Date(before.endedAtMs - MEETINGS_WINDOW_MS)} and ended_at <= ${at}
          and (ended_at < ${at} or match_id < ${before.matchId})`;
    };
    const { rows } = await sql<Pick<PointRow, "player_id" | "ended_at" | "match_id">>`
      ${sql.join(some.map(ofOne), sql` union all `)} order by ended_at, match_id`.execute(tx);
    for (const row of rows)
      meetings.push({ playerId: row.player_id, endedAtMs: row.ended_at.getTime(), matchId: row.match_id });
  }
  return meetings;
}

/** A player's rating in a season. */
export interface SeasonRating {
  readonly playerId: string;
  readonly state: PlayerState;
}

export async function findRatings(db: Db, mode: string, playerIds: readonly string[]): Promise<SeasonRating[]> {
  const ratings: SeasonRating[] = [];
  for (const some of chunks(playerIds)) {
    const rows = await db
      .selectFrom("ratings")
      .selectAll()
      .where("mode", "=", mode)
      .where("player_id", "in", some)
      .where("season", "in", db.selectFrom("seasons").select("season"))
      .execute();
    ratings.push(...rows.map((row) => ({ playerId: row.player_id, state: stateOf(row) })));
  }
  return ratings;
}

export async function storeRatings(tx: Tx, mode: string, ratings: readonly SeasonRating[]): Promise<void> {
  const rows: RatingsTable[] = ratings.map(({ playerId, state }) => ({
    mode,
    player_id: playerId,
    ...rowOf(state),
    display: displayOf(state),
  }));
  for (const some of chunks(rows)) await tx.replaceInto("ratings").values(some).execute();
}

export async function deleteRatings(
  tx: Tx,
  mode: string,
  ratings: readonly { readonly playerId: string; readonly season: number }[],
): Promise<void> {
  for (const { playerId, season } of ratings)
    await tx
      .deleteFrom("ratings")
      .where("mode", "=", mode)
      .where("season", "=", season)
      .where("player_id", "=", playerId)
      .execute();
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / CHUNK) }, (_, i) => all.slice(i * CHUNK, (i + 1) * CHUNK));
}
