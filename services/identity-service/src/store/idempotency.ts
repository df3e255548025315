// REST writes that were sent with an idempotency key.
import type { Selectable } from "kysely";
import type { IdempotencyKeysTable } from "../schema.ts";
import type { Db, Tx } from "./db.ts";

export type KeptRequest = Selectable<IdempotencyKeysTable>;
export type KeyName = Pick<KeptRequest, "player_id" | "operation" | "idempotency_key">;

/** The row of the key, locked: this one, or the one that was there before. */
export async function insertOrLockKey(tx: Tx, row: KeptRequest): Promise<KeptRequest> {
  await tx
    .insertInto("idempotency_keys")
    .values(row)
    .onDuplicateKeyUpdate({ player_id: row.player_id }) // nothing, but with the row's lock
    .execute();
  return await named(tx.selectFrom("idempotency_keys"), row).selectAll().forUpdate().executeTakeFirstOrThrow();
}

/** In place of what was there under the key. */
export async function replaceKey(
  tx: Tx,
  { player_id, operation, idempotency_key, ...row }: KeptRequest,
): Promise<void> {
  await named(tx.updateTable("idempotency_keys").set(row), { player_id, operation, idempotency_key }).execute();
}

/** When each of a player's keys ends, the first one first; at most `rowsMax`. */
export async function listKeyEnds(db: Db, playerId: string, now: Date, rowsMax: number): Promise<Date[]> {
  const rows = await db
    .selectFrom("idempotency_keys")
    .select("expires_at")
    .where("player_id", "=", playerId)
    .where("expires_at", ">", now)
    .orderBy("expires_at")
    .limit(rowsMax)
    .execute();
  return rows.map(({ expires_at }) => expires_at);
}

/** Nothing if it is answered already, or another one holds it. */
export async function storeAnswer(
  db: Db,
  key: KeyName,
  holder: string,
  answer: { readonly status: number; readonly body: string },
): Promise<void> {
  await named(db.updateTable("idempotency_keys").set(answer), key)
    .where("holder", "=", holder)
    .where("status", "is", null)
    .execute();
}

/** Nothing if it is answered already, or another one holds it. */
export async function deleteKey(db: Db, key: KeyName, holder: string): Promise<void> {
  await named(db.deleteFrom("idempotency_keys"), key)
    .where("holder", "=", holder)
    .where("status", "is", null)
    .execute();
}

interface Filtered<Q> {
  where(column: keyof KeyName, is: "=", value: string): Q;
}

function named<Q extends Filtered<Q>>(query: Q, { player_id, operation, idempotency_key }: KeyName): Q {
  return query
    .where("player_id", "=", player_id)
    .where("operation", "=", operation)
    .where("idempotency_key", "=", idempotency_key);
}
