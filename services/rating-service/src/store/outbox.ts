import type { StoredEvent } from "@muster/events";
import type { Transaction } from "kysely";
import type { Tables } from "../schema.ts";

/** Whoever tells of a player has its head locked. */
export async function insertEvents(tx: Transaction<Tables>, events: readonly StoredEvent[]): Promise<void> {
  for (let i = 0; i < events.length; i += 200)
    await tx
      .insertInto("outbox")
      .values(
        events.slice(i, i + 200).map(({ id, type, key, payload, traceparent = "" }) => ({
          event_id: id,
          event_type: type,
          partition_key: key,
          payload,
          traceparent,
          published_at: null,
        })),
      )
      .execute();
}
