// Apart from database.ts: a process of its own has no test kit.
import { createDatabase, type Database } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import type { Tables } from "../src/schema.ts";

export function openDatabase(url: string): { readonly db: Database<Tables>; stop(): Promise<void> } {
  return createDatabase<Tables>({ url, dependency: anyDatabase(8, { waitMs: 5000, statementMs: 10_000 }) });
}
