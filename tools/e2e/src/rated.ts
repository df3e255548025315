// Results for rating-service without a Kafka: written as its consumer would.
import { createDatabase, inTransaction } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { applyResult, type Tables } from "@muster/rating-service/testing";
import { v7 as uuidv7 } from "uuid";
import type { System } from "./system.ts";

/** The first of each pair has won. @returns the matches, in their order */
export async function rateDuels(
  system: System,
  mode: string,
  pairs: readonly (readonly string[])[],
): Promise<string[]> {
  const url = system.databaseUrls["rating-service"] as string;
  const database = createDatabase<Tables>({ url, dependency: anyDatabase(2, { waitMs: 5000, statementMs: 10_000 }) });
  const firstEndedAtMs = Date.now() - pairs.length * 1000;
  const matchIds: string[] = [];
  for (const [n, players] of pairs.entries()) {
    const matchId = uuidv7();
    const participants = players.map((playerId, i) => ({ playerId, rank: i + 1 }));
    const result = { matchId, mode, endedAtMs: firstEndedAtMs + n * 1000, region: "", participants };
    await inTransaction(database.db, (tx) => applyResult(tx, result, new Date()), { isolation: "read committed" });
    matchIds.push(matchId);
  }
  await database.stop();
  return matchIds;
}
