// The inbox: one row for each event that a consumer has applied, written in the transaction of the effect.
import { type Database, isDuplicateKey } from "@muster/db";
import { type Transaction, sql } from "kysely";
import type { ConsumerTables } from "./tables.ts";

/** The first statement of an effect's transaction. @returns false: it has been applied */
export async function enterInbox(tx: Transaction<ConsumerTables>, consumer: string, eventId: string): Promise<boolean> {
  try {
    await tx.insertInto("inbox").values({ consumer, event_id: eventId }).execute();
    return true;
  } catch (err) {
    if (isDuplicateKey(err)) return false;
    throw err;
  }
}

/**
 * Longer than anything that can bring an event back: the retention of topics, of DLQs, and of what an operator replays by hand. What is
 * even older meets the natural keys of the effects.
 */
export const INBOX_DAYS = 50;

/** A retention rule: see packages/service. */
export function deleteOldInbox<Tables extends ConsumerTables>(
  db: Database<Tables>,
): (rowsMax: number) => Promise<number> {
  return async (rowsMax) => {
    const { numAffectedRows = 0n } = await sql`
      delete from inbox where processed_at < utc_timestamp(6) - interval ${INBOX_DAYS} day
       order by processed_at limit ${rowsMax}`.execute(db);
    return Number(numAffectedRows);
  };
}
