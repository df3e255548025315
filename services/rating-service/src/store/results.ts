// Statements on results, exclusions and requests to rewind.
import { type Database, isDuplicateKey } from "@muster/db";
import { type Kysely, type Transaction, sql } from "kysely";
import { isRated, type Participant, type Result } from "../fold.ts";
import type { Position } from "../position.ts";
import type { Tables } from "../schema.ts";

type Tx = Transaction<Tables>;
type Db = Kysely<Tables>;

/** @returns false: it is there already */
export async function insertResult(tx: Tx, result: Result): Promise<boolean> {
  try {
    await tx
      .insertInto("results")
      .values({
        match_id: result.matchId,
        mode: result.mode,
        ended_at: new Date(result.endedAtMs),
        region: result.region,
        participants: JSON.stringify(result.participants),
        rated: isRated(result) ? 1 : 0,
      })
      .execute();
    return true;
  } catch (err) {
    if (isDuplicateKey(err)) return false;
    throw err;
  }
}

/** Waits for an operator who is about to exclude or include it. */
export async function isExcluded(tx: Tx, matchId: string): Promise<boolean> {
  const { rows } = await sql<{ one: number }>`
    select 1 as one from exclusions where match_id = ${matchId} lock in share mode`.execute(tx);
  return rows.length > 0;
}

/** @returns false: it is excluded already */
export async function insertExclusion(tx: Tx, matchId: string, reason: string, at: Date): Promise<boolean> {
  try {
    await tx.insertInto("exclusions").values({ match_id: matchId, reason, excluded_at: at }).execute();
    return true;
  } catch (err) {
    if (isDuplicateKey(err)) return false;
    throw err;
  }
}

/** @returns false: it is not excluded */
export async function deleteExclusion(tx: Tx, matchId: string): Promise<boolean> {
  const { numDeletedRows } = await tx.deleteFrom("exclusions").where("match_id", "=", matchId).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** Waits for who is storing it. */
export async function lockResult(tx: Tx, matchId: string): Promise<{ mode: string; rated: number } | undefined> {
  return tx
    .selectFrom("results")
    .select(["mode", "rated"])
    .where("match_id", "=", matchId)
    .forUpdate()
    .executeTakeFirst();
}

export async function requestRewind(tx: Tx, mode: string, matchId: string): Promise<void> {
  await tx.insertInto("rewinds").values({ mode, match_id: matchId }).execute();
}

export async function listRewindModes(db: Db): Promise<string[]> {
  const rows = await db.selectFrom("rewinds").select("mode").distinct().orderBy("mode").execute();
  return rows.map(({ mode }) => mode);
}

export async function countRewinds(db: Db): Promise<number> {
  const { n } = await db
    .selectFrom("rewinds")
    .select(({ fn }) => fn.countAll().as("n"))
    .executeTakeFirstOrThrow();
  return Number(n);
}

export interface RewindRequest extends Position {
  readonly position: bigint;
}

/** In canonical order. */
export async function listRewinds(tx: Tx, mode: string): Promise<RewindRequest[]> {
  const rows = await tx
    .selectFrom("rewinds")
    .innerJoin("results", "results.match_id", "rewinds.match_id")
    .select(["rewinds.position", "rewinds.match_id", "results.ended_at"])
    .where("rewinds.mode", "=", mode)
    .orderBy("results.ended_at")
    .orderBy("rewinds.match_id")
    .execute();
  return rows.map(({ position, match_id, ended_at }) => ({
    position,
    matchId: match_id,
    endedAtMs: ended_at.getTime(),
  }));
}

export async function deleteRewinds(tx: Tx, positions: readonly bigint[]): Promise<void> {
  for (let i = 0; i < positions.length; i += 1000)
    await tx
      .deleteFrom("rewinds")
      .where("position", "in", positions.slice(i, i + 1000))
      .execute();
}

export interface StoredResult extends Result {
  readonly excluded: boolean;
}

/** Rated results in canonical order, from one on, or from after one. */
export async function listResults(
  tx: Db,
  mode: string,
  start: { readonly from?: Position; readonly after?: Position },
  limit: number,
): Promise<StoredResult[]> {
  const at = start.after ?? start.from;
  let query = tx
    .selectFrom("results")
    .leftJoin("exclusions", "exclusions.match_id", "results.match_id")
    .select([
      "results.match_id",
      "results.mode",
      "results.ended_at",
      "results.region",
      "results.participants",
      "exclusions.match_id as excluded",
    ])
    .where("results.mode", "=", mode)
    .where("results.rated", "=", 1)
    .orderBy("results.ended_at")
    .orderBy("results.match_id")
    .limit(limit);
  if (at) {
    const [time, id] = [new Date(at.endedAtMs), at.matchId];
    const beyond = sql.raw(start.after ? ">" : ">=");
    query = query
      .where("results.ended_at", ">=", time)
      .where(sql<boolean>`(results.ended_at > ${time} or results.match_id ${beyond} ${id})`);
  }
  const rows = await query.execute();
  return rows.map((row) => ({
    matchId: row.match_id,
    mode: row.mode,
    endedAtMs: row.ended_at.getTime(),
    region: row.region,
    participants: JSON.parse(row.participants) as Participant[],
    excluded: row.excluded !== null,
  }));
}

export async function findExclusion(
  db: Database<Tables>,
  matchId: string,
): Promise<{ readonly reason: string; readonly excluded_at: Date } | undefined> {
  return db
    .selectFrom("exclusions")
    .select(["reason", "excluded_at"])
    .where("match_id", "=", matchId)
    .executeTakeFirst();
}
