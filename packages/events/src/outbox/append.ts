import type { Transaction } from "kysely";
import type { StoredEvent } from "../contract/envelope.ts";
import type { OutboxTables } from "./table.ts";

/**
 * In the transaction of the change that the event reports. Whoever emits for one key locks the key's own row before: the order of the
 * rows is then the order of the commits.
 */
export async function appendEvent<Tables extends OutboxTables>(
  transaction: Transaction<Tables>,
  { id, type, key, payload, traceparent = "" }: StoredEvent,
): Promise<void> {
  const tx = transaction as unknown as Transaction<OutboxTables>;
  const row = { event_id: id, event_type: type, partition_key: key, payload, traceparent, published_at: null };
  await tx.insertInto("outbox").values(row).execute();
}
