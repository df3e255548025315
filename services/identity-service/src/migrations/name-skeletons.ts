import type { Kysely } from "kysely";
import { nameSkeletonOf } from "../names.ts";
import type { Tables } from "../schema.ts";

const BATCH_ROWS = 500;

/** Fills the column for the accounts from before; of two that look alike the older one gets it. Safe to run again. */
export async function backfillSkeletons(database: Kysely<unknown>): Promise<void> {
  const db = database as Kysely<Tables>;
  const taken = new Set<string>();
  let after = "";
  for (;;) {
    const rows = await db
      .selectFrom("accounts")
      .select(["id", "name"])
      .where("id", ">", after === "" ? "00000000-0000-0000-0000-000000000000" : after)
      .orderBy("id")
      .limit(BATCH_ROWS)
      .execute();
    for (const { id, name } of rows) {
      const skeleton = nameSkeletonOf(name);
      await db
        .updateTable("accounts")
        .set({ name_skeleton: taken.has(skeleton) ? null : skeleton })
        .where("id", "=", id)
        .execute();
      taken.add(skeleton);
    }
    const last = rows.at(-1);
    if (!last) return;
    after = last.id;
  }
}
