// The end of a match, whether its shard reports it or its lease expires.
import { appendEvent } from "@muster/events";
import { currentTraceparent } from "@muster/tracing";
import type { Transaction } from "kysely";
import { matchOver } from "./events.ts";
import type { Ending, MatchRecord } from "./matches.ts";
import type { Tables } from "./schema.ts";
import { insertReplay, storeEnding } from "./store.ts";

/** The rows, the input log and the event, in the caller's transaction: all of it or none. */
export async function storeOutcome(
  tx: Transaction<Tables>,
  record: MatchRecord,
  ending: Ending,
  endedAt: Date,
  inputLog: Uint8Array = new Uint8Array(),
): Promise<void> {
  const { match } = record;
  await storeEnding(tx, match.id, ending, endedAt);
  if (inputLog.length > 0) await insertReplay(tx, match.id, inputLog);
  const traceparent = currentTraceparent();
  await appendEvent(tx, matchOver(record, ending, { endedAt, traceparent, inputLog }));
}
