// Deletes rows that are no longer needed, in bounded batches.
import type { Db } from "./db.ts";

/** @returns how many rows went; equal to `limit` when there may be more. */
export async function deleteExpired(
  db: Db,
  table: "refresh_tokens" | "token_families" | "revocations" | "spent_challenges" | "idempotency_keys",
  before: Date,
  limit: number,
): Promise<number> {
  const query =
    table === "token_families"
      ? db
          .deleteFrom("token_families")
          .where("expires_at", "<", before)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(selectFrom("refresh_tokens").select("token_hash").whereRef("family_id", "=", "token_families.id")),
            ),
          )
      : db.deleteFrom(table).where("expires_at", "<", before);
  const { numDeletedRows } = await query.limit(limit).executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

export async function deleteOldFailures(db: Db, before: Date, limit: number): Promise<number> {
  const { numDeletedRows } = await db
    .deleteFrom("login_failures")
    .where("last_failed_at", "<", before)
    .limit(limit)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** When the row ends that ends first; undefined if there is none. */
export async function firstKeyEnd(db: Db): Promise<Date | undefined> {
  const row = await db
    .selectFrom("idempotency_keys")
    .select("expires_at")
    .orderBy("expires_at")
    .limit(1)
    .executeTakeFirst();
  return row?.expires_at;
}
