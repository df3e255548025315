import type { Insertable, Transaction } from "kysely";
import { ownHeaders, type StoredEvent, topicOf } from "../contract/envelope.ts";
import type { OutboxTables } from "./table.ts";

/** Rows of a statement: a rewind tells of thousands of players. */
const ROWS_AT_ONCE = 200;

/**
 * In the transaction of the change that the event reports. Whoever emits for one key locks the key's own row before: the order of the
 * rows is then the order of the commits.
 */
export async function appendEvent<Tables extends OutboxTables>(
  tx: Transaction<Tables>,
  event: StoredEvent,
): Promise<void> {
  await appendEvents(tx, [event]);
}

/** The same, of many: in their order. */
export async function appendEvents<Tables extends OutboxTables>(
  transaction: Transaction<Tables>,
  events: readonly StoredEvent[],
): Promise<void> {
  const tx = transaction as unknown as Transaction<OutboxTables>;
  for (let i = 0; i < events.length; i += ROWS_AT_ONCE)
    await tx
      .insertInto("outbox")
      .values(events.slice(i, i + ROWS_AT_ONCE).map(rowOf))
      .execute();
}

function rowOf(event: StoredEvent): Insertable<OutboxTables["outbox"]> {
  const { id, type, key, payload, traceparent = "" } = event;
  return {
    event_id: id,
    event_type: type,
    partition_key: key,
    payload,
    traceparent,
    published_at: null,
    topic: topicOf(type),
    headers: JSON.stringify(ownHeaders(event)),
  };
}
