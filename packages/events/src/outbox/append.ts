import type { Transaction } from "kysely";
import { ownHeaders, type StoredEvent, topicOf } from "../contract/envelope.ts";
import type { OutboxTables } from "./table.ts";

/**
 * In the transaction of the change that the event reports. Whoever emits for one key locks the key's own row before: the order of the
 * rows is then the order of the commits.
 */
export async function appendEvent<Tables extends OutboxTables>(
  transaction: Transaction<Tables>,
  event: StoredEvent,
): Promise<void> {
  const tx = transaction as unknown as Transaction<OutboxTables>;
  const { id, type, key, payload, traceparent = "" } = event;
  const record = { topic: topicOf(type), headers: JSON.stringify(ownHeaders(event)) };
  const row = {
    event_id: id,
    event_type: type,
    partition_key: key,
    payload,
    traceparent,
    published_at: null,
    ...record,
  };
  await tx.insertInto("outbox").values(row).execute();
}
