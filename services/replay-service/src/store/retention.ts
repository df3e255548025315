// What is deleted when its time has come, in batches.
import { type Database, inTransaction } from "@muster/db";
import type { ReplaysTable, Tables } from "../schema.ts";

export type KeptAs = ReplaysTable["kept_as"];

/** Replays of a transaction: with their files, up to 20 MiB. */
const BATCH = 100;

/** @returns as a RetentionRule: `rowsMax` while there may be more */
export async function deleteEndedBefore(
  db: Database<Tables>,
  keptAs: KeptAs,
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
      { isolation: "read committed", repeatable: "delete replays" },
    );
    deleted += ids.length;
    if (ids.length < batch) return deleted;
  }
  return rowsMax;
}
