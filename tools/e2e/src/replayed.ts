// Ended matches for replay-service without a Kafka: from match-service's outbox, as relay and consumer would bring them.
import { createDatabase, inTransaction } from "@muster/db";
import { type AnyEvent, type EventOf, newEvent, type OutboxTables } from "@muster/events";
import { anyDatabase } from "@muster/resilience/testing";
import { takeIn, type Tables } from "@muster/replay-service/testing";
import { until } from "@muster/testkit";
import { v7 as uuidv7 } from "uuid";
import type { System } from "./system.ts";

const POOL = { dependency: anyDatabase(2, { waitMs: 5000, statementMs: 10_000 }) };

/** Waits for the match's end, and delivers it. */
export async function deliverEnded(system: System, matchId: string): Promise<EventOf<"match.ended">> {
  const from = createDatabase<OutboxTables>({ url: system.databaseUrls["match-service"] as string, ...POOL });
  const to = createDatabase<Tables>({ url: system.databaseUrls["replay-service"] as string, ...POOL });
  let payload: string | undefined;
  await until(async () => {
    const row = await from.db
      .selectFrom("outbox")
      .select("payload")
      .where("partition_key", "=", matchId)
      .where("event_type", "=", "match.ended")
      .executeTakeFirst();
    payload = row?.payload;
    return row ? undefined : "not ended";
  }, 60_000);
  const data = JSON.parse(payload as string) as EventOf<"match.ended">["data"];
  const event: AnyEvent = newEvent("match.ended", data, { source: "muster/match-service", time: new Date() });
  await inTransaction(to.db, (tx) => takeIn(tx, event, new Date()), { isolation: "read committed" });
  await Promise.all([from.stop(), to.stop()]);
  return event;
}

/** A match that was found suspect, with that detail: as the verification leaves it. */
export async function suspectMatch(system: System, detail: string): Promise<string> {
  const { db, stop } = createDatabase<Tables>({ url: system.databaseUrls["replay-service"] as string, ...POOL });
  const [matchId, at] = [uuidv7(), new Date()];
  const row = {
    match_id: matchId,
    mode: "duel",
    game_id: "duel",
    build_id: "1",
    seed: 1,
    options: null,
    seats: "[]",
    traceparent: "",
    end_reason: "played",
    ticks: 9,
    state_hash: "0badcafe",
    created_at: at,
    ended_at: at,
    kept_as: "suspect",
    log_bytes: null,
    file_bytes: null,
    file_hash: null,
    verdict: "suspect",
    reason: "state_hash_differs",
    detail,
    verified_at: at,
    due_at: null,
    claim: null,
    decision: null,
    decided_at: null,
    decided_why: null,
  } as const;
  await db.insertInto("replays").values(row).execute();
  await stop();
  return matchId;
}
