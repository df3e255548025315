// Statements on what single players ask for.
import type { Database } from "@muster/db";
import { type Selectable, sql } from "kysely";
import type { Position } from "../position.ts";
import type { RatingsTable, Tables } from "../schema.ts";
import type { PointRow } from "./states.ts";

/** Newest first. */
export async function listPoints(
  db: Database<Tables>,
  { playerId, mode }: { readonly playerId: string; readonly mode: string },
  before: Position | undefined,
  limit: number,
): Promise<PointRow[]> {
  let query = db
    .selectFrom("points")
    .selectAll()
    .where("player_id", "=", playerId)
    .where("mode", "=", mode)
    .orderBy("ended_at", "desc")
    .orderBy("match_id", "desc")
    .limit(limit);
  if (before) {
    const at = new Date(before.endedAtMs);
    query = query.where("ended_at", "<=", at).where(sql<boolean>`(ended_at < ${at} or match_id < ${before.matchId})`);
  }
  return query.execute();
}

/** Of a player in a season, by mode. */
export async function listRatingsOfPlayer(
  db: Database<Tables>,
  playerId: string,
  season: number,
): Promise<Selectable<RatingsTable>[]> {
  return db
    .selectFrom("ratings")
    .selectAll()
    .where("mode", "in", db.selectFrom("modes").select("mode"))
    .where("season", "=", season)
    .where("player_id", "=", playerId)
    .orderBy("mode")
    .execute();
}
