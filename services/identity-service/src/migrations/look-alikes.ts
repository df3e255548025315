import { isDuplicateKey } from "@muster/db";
import type { Kysely } from "kysely";
import { nameSkeletonOf } from "../names.ts";
import type { Tables } from "../schema.ts";

const BATCH_ROWS = 500;

/**
 * What names look like, again, after the rule for it has changed. Everyone keeps its name: of accounts that look alike only now, the
 * oldest holds the look and the others none. First whatever is out of date is let go, so that no name waits for another's old look.
 * Safe to run again.
 */
export async function renewSkeletons(database: Kysely<unknown>): Promise<void> {
  const db = database as Kysely<Tables>;
  await eachAccount(db, async ({ id, name, name_skeleton }) => {
    if (name_skeleton !== null && name_skeleton !== nameSkeletonOf(name))
      await db.updateTable("accounts").set({ name_skeleton: null }).where("id", "=", id).execute();
  });
  await eachAccount(db, async ({ id, name, name_skeleton }) => {
    if (name_skeleton !== null) return;
    try {
      await db
        .updateTable("accounts")
        .set({ name_skeleton: nameSkeletonOf(name) })
        .where("id", "=", id)
        .execute();
    } catch (err) {
      if (!isDuplicateKey(err)) throw err;
    }
  });
}

interface Row {
  readonly id: string;
  readonly name: string;
  readonly name_skeleton: string | null;
}

/** By id, which is by age. */
async function eachAccount(db: Kysely<Tables>, work: (row: Row) => Promise<void>): Promise<void> {
  for (let after = "00000000-0000-0000-0000-000000000000"; ; ) {
    const rows = await db
      .selectFrom("accounts")
      .select(["id", "name", "name_skeleton"])
      .where("id", ">", after)
      .orderBy("id")
      .limit(BATCH_ROWS)
      .execute();
    for (const row of rows) await work(row);
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}
