// What operators do: seasons begin, matches are taken out and put back.
import { type Database, inTransaction } from "@muster/db";
import { must } from "@muster/errors";
import { fail } from "./errors.ts";
import type { Season } from "./seasons.ts";
import type { Tables } from "./schema.ts";
import { deleteExclusion, insertExclusion, lockResult, requestRewind } from "./store/results.ts";
import { findResultSince, insertSeason } from "./store/seasons.ts";
import { listSeasons, lockAllModes } from "./store/states.ts";

/**
 * @returns false: it is there already, the same
 * @throws AppError season_conflict, season_too_early
 */
export function startSeason(db: Database<Tables>, wanted: Season): Promise<boolean> {
  return inTransaction(
    db,
    async (tx) => {
      // No result is applied meanwhile: all of them see the season, or none.
      await lockAllModes(tx);
      const seasons = await listSeasons(tx);
      const same = seasons.find(({ season }) => season === wanted.season);
      if (same) {
        if (same.name !== wanted.name || same.startsAtMs !== wanted.startsAtMs) throw fail("season_conflict");
        return false;
      }
      const last = must(seasons.at(-1), "there is a season 1");
      if (wanted.season !== last.season + 1) throw fail("season_conflict");
      if (wanted.startsAtMs <= last.startsAtMs || (await findResultSince(tx, wanted.startsAtMs)))
        throw fail("season_too_early");
      await insertSeason(tx, wanted);
      return true;
    },
    { repeatable: "start season" },
  );
}

/** @returns false: it is excluded already */
export function excludeMatch(db: Database<Tables>, matchId: string, reason: string, at: Date): Promise<boolean> {
  return inTransaction(
    db,
    async (tx) => {
      if (!(await insertExclusion(tx, matchId, reason, at))) return false;
      const result = await lockResult(tx, matchId);
      if (result?.rated) await requestRewind(tx, result.mode, matchId);
      return true;
    },
    { isolation: "read committed", repeatable: "exclude match" },
  );
}

/** @returns false: it is not excluded */
export function includeMatch(db: Database<Tables>, matchId: string): Promise<boolean> {
  return inTransaction(
    db,
    async (tx) => {
      if (!(await deleteExclusion(tx, matchId))) return false;
      const result = await lockResult(tx, matchId);
      if (result?.rated) await requestRewind(tx, result.mode, matchId);
      return true;
    },
    { isolation: "read committed", repeatable: "include match" },
  );
}
