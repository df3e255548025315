import type { Database } from "@muster/db";
import type { Logger } from "@muster/log";
import type { ReceivedRecord } from "../broker/port.ts";
import type { ConsumerTables } from "./tables.ts";

export interface Discarding {
  readonly name: string;
  readonly decode: (record: ReceivedRecord) => { readonly id: string } | undefined;
  readonly log: Logger;
}

/** An operator gives up an event: its key goes on without it. For an event that is not parked, there is nothing to do. */
export async function discardParked(
  db: Database<ConsumerTables>,
  { name, decode, log }: Discarding,
  record: ReceivedRecord,
): Promise<void> {
  let event: { readonly id: string } | undefined;
  try {
    event = decode(record);
  } catch {
    return; // so it was never parked
  }
  if (!event) return;
  const { numDeletedRows } = await db
    .deleteFrom("parked_events")
    .where("consumer", "=", name)
    .where("event_id", "=", event.id)
    .executeTakeFirst();
  if (numDeletedRows > 0n)
    log.warn({ consumer: name, eventId: event.id }, "an operator gave up a parked event: its key goes on");
}
