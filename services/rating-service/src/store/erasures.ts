// Statements on players whose accounts are erased.
import { type Kysely, type RawBuilder, sql, type Transaction } from "kysely";
import type { Tables } from "../schema.ts";
import { type SeasonRating, stateOf } from "./states.ts";

type Tx = Transaction<Tables>;
type Db = Kysely<Tables>;

/** A repeat changes nothing. */
export async function insertErasure(tx: Tx, playerId: string, erasedAt: Date): Promise<void> {
  await tx.insertInto("erasures").ignore().values({ player_id: playerId, erased_at: erasedAt }).execute();
}

/** Of these players. */
export async function findErased(db: Db, playerIds: readonly string[]): Promise<ReadonlySet<string>> {
  return read(db, playerIds, sql``);
}

/** Waits for an erasure that is under way. Whoever writes ratings asks so, while it has the mode locked: see erase.ts. */
export function lockErased(tx: Tx, playerIds: readonly string[]): Promise<ReadonlySet<string>> {
  return read(tx, playerIds, sql`lock in share mode`);
}

async function read(db: Db, playerIds: readonly string[], lock: RawBuilder<unknown>): Promise<Set<string>> {
  const erased = new Set<string>();
  for (let i = 0; i < playerIds.length; i += 500) {
    const some = playerIds.slice(i, i + 500);
    const { rows } = await sql<{ player_id: string }>`
      select player_id from erasures where player_id in (${sql.join(some)}) ${lock}`.execute(db);
    for (const { player_id } of rows) erased.add(player_id);
  }
  return erased;
}

/** @returns what they were */
export async function takeRatings(tx: Tx, mode: string, playerId: string): Promise<SeasonRating[]> {
  const rows = await tx
    .selectFrom("ratings")
    .selectAll()
    .where("mode", "=", mode)
    .where("season", "in", tx.selectFrom("seasons").select("season"))
    .where("player_id", "=", playerId)
    .execute();
  if (rows.length === 0) return [];
  await tx
    .deleteFrom("ratings")
    .where("mode", "=", mode)
    .where(
      "season",
      "in",
      rows.map(({ season }) => season),
    )
    .where("player_id", "=", playerId)
    .execute();
  return rows.map((row) => ({ playerId, state: stateOf(row) }));
}
