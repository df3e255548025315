// Which replays are deleted when: by their class, in batches.
import type { Database } from "@muster/db";
import { inTransaction } from "@muster/db";
import type { RetentionRule } from "@muster/service/database";
import type { Config } from "./config.ts";
import type { ReplaysTable, Tables } from "./schema.ts";

const DAY_MS = 86_400_000;
/** Replays of a transaction: with their files, up to 20 MiB. */
const BATCH = 100;

export function retentionRules(db: Database<Tables>, config: Config, now: () => Date): RetentionRule[] {
  const days: Readonly<Record<ReplaysTable["kept_as"], number>> = {
    ranked: config.keepRankedDays,
    unranked: config.keepUnrankedDays,
    suspect: config.keepSuspectDays,
  };
  return Object.entries(days).map(([keptAs, keep]) => {
    return (rowsMax) =>
      deleteEndedBefore(db, keptAs as ReplaysTable["kept_as"], new Date(now().getTime() - keep * DAY_MS), rowsMax);
  });
}

/** @returns as a RetentionRule: `rowsMax` while there may be more */
async function deleteEndedBefore(
  db: Database<Tables>,
  keptAs: ReplaysTable["kept_as"],
  before: Date,
  rowsMax: number,
): Promise<number> {
  for (let deleted = 0; deleted < rowsMax; ) {
    const batch = Math.min(BATCH, rowsMax - deleted);
    const ids = await inTransaction(
      db,
      async (tx) => {
        const rows = await tx
          .selectFrom("replays")
          .select("match_id")
          .where("kept_as", "=", keptAs)
          .where("ended_at", "<", before)
          .limit(batch)
          .forUpdate()
          .skipLocked()
          .execute();
        const gone = rows.map(({ match_id }) => match_id);
        if (gone.length === 0) return gone;
        for (const table of ["replay_files", "replay_players", "replays"] as const)
          await tx.deleteFrom(table).where("match_id", "in", gone).execute();
        // What rating-service has not done yet is still asked of it.
        await tx.deleteFrom("rating_effects").where("match_id", "in", gone).where("due_at", "is", null).execute();
        return gone;
      },
      "read committed",
    );
    deleted += ids.length;
    if (ids.length < batch) return deleted;
  }
  return rowsMax;
}
