import type { Transaction } from "kysely";
import type { Tables } from "../schema.ts";
import type { Season } from "../seasons.ts";

type Tx = Transaction<Tables>;

export async function insertSeason(tx: Tx, { season, name, startsAtMs }: Season): Promise<void> {
  await tx
    .insertInto("seasons")
    .values({ season, name, starts_at: new Date(startsAtMs) })
    .execute();
}

/** Whether a result of any mode has ended since then. */
export async function findResultSince(tx: Tx, sinceMs: number): Promise<boolean> {
  const since = new Date(sinceMs);
  for (const { mode } of await tx.selectFrom("modes").select("mode").execute()) {
    const row = await tx
      .selectFrom("results")
      .select("match_id")
      .where("mode", "=", mode)
      .where("rated", "=", 1)
      .where("ended_at", ">=", since)
      .limit(1)
      .executeTakeFirst();
    if (row) return true;
  }
  return false;
}
