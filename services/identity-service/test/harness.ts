// The real service with a fresh database, for its own tests.
import { IdentityService } from "@muster/contracts/identity/v2";
import { type ServiceHarness, startService } from "@muster/testkit";
import { sql } from "kysely";
import type { Tables } from "../src/schema.ts";
import { service } from "../src/service.ts";

export interface Harness extends ServiceHarness<typeof IdentityService, Tables> {
  /** Runs SQL statements, separated by semicolons. */
  raw(statements: string): Promise<void>;
}

export const KEY_ENCRYPTION_KEY = "5a".repeat(32);
export const AUDIT_KEY = "a0".repeat(32);

export async function startHarness(env: Record<string, string> = {}): Promise<Harness> {
  const harness = await startService(service, IdentityService, {
    env: { IDENTITY_KEY_ENCRYPTION_KEY: KEY_ENCRYPTION_KEY, IDENTITY_AUDIT_KEY: AUDIT_KEY, ...env },
  });
  return {
    ...harness,
    async raw(statements) {
      for (const statement of statements.split(";")) await sql.raw(statement).execute(harness.db);
    },
  };
}
