// Every SQL statement of rating-service.
import type { Database } from "@muster/db";
import type { Selectable } from "kysely";
import type { EntriesTable, Tables } from "./schema.ts";

export async function upsertEntry(db: Database<Tables>, entry: Selectable<EntriesTable>): Promise<void> {
  const { text, written_at } = entry;
  await db.insertInto("entries").values(entry).onDuplicateKeyUpdate({ text, written_at }).execute();
}

export async function findEntry(db: Database<Tables>, id: string): Promise<Selectable<EntriesTable> | undefined> {
  return db.selectFrom("entries").select(["id", "text", "written_at"]).where("id", "=", id).executeTakeFirst();
}
