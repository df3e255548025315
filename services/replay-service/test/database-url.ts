// Apart from database.ts: a process of its own has no test kit.
import { createDatabase, type Database } from "@muster/db";
import type { Tables } from "../src/schema.ts";

export function openDatabase(url: string): { readonly db: Database<Tables>; stop(): Promise<void> } {
  return createDatabase<Tables>({ url, poolMax: 8, acquireTimeoutMs: 5000, statementTimeoutMs: 10_000 });
}
