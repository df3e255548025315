import { isDuplicateKey } from "@muster/db";
import type { Kysely } from "kysely";
import { nameKeyOf } from "../names.ts";
import type { Tables } from "../schema.ts";

const BATCH_ROWS = 500;

/**
 * Keys that were made by folding once, where folding again still changed something (J with caron has no composed capital): by
 * today's key nobody would find them. Where another account has that key already, the older key stays. Safe to run again.
 */
export async function refoldNameKeys(database: Kysely<unknown>): Promise<void> {
  const db = database as Kysely<Tables>;
  for (let after = "00000000-0000-0000-0000-000000000000"; ; ) {
    const rows = await db
      .selectFrom("accounts")
      .select(["id", "name_key"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(BATCH_ROWS)
      .execute();
    for (const { id, name_key } of rows) {
      const key = nameKeyOf(name_key);
      if (key === name_key) continue;
      try {
        await db.updateTable("accounts").set({ name_key: key }).where("id", "=", id).execute();
      } catch (err) {
        if (!isDuplicateKey(err)) throw err;
      }
    }
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}
