// A database with an audit log alone, and who writes into it.
import { randomBytes } from "node:crypto";
import { createDatabase, type Database, type DbPart, inTransaction } from "@muster/db";
import { anyDatabase } from "@muster/resilience/testing";
import { freshDatabases } from "@muster/testkit";
import { sql } from "kysely";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { hashOf } from "../src/entry.ts";
import {
  type AuditTables,
  createAuditLog,
  createAuditTable,
  createSealer,
  insertFirstEntry,
  listAuditEntries,
  verifyAuditLog,
} from "../src/index.ts";

interface Tables extends AuditTables {
  /** Something of the service's own. */
  players: { id: number };
}

export const KEY = randomBytes(32).toString("hex");
export const NEW_KEY = randomBytes(32).toString("hex");
export const sealer = createSealer("test", KEY);
const log = createAuditLog<"banned">(sealer);
export const at = new Date("2026-11-27T12:00:00.123Z");
export const by = { actor: "operator", reason: "an old instance, during the update", at };

export const good = { fault: undefined, unsealed: [] };

/** Empty before each test. */
export class AuditDatabase {
  #part: DbPart<Tables> | undefined;

  constructor() {
    beforeAll(async () => {
      const { "identity-service": url } = await freshDatabases();
      this.#part = createDatabase({ url, dependency: anyDatabase(8, { waitMs: 5000, statementMs: 10_000 }) });
    });
    afterAll(() => this.#part?.stop());
    beforeEach(async () => {
      await this.run("drop table if exists audit_log");
      await createAuditTable.execute(this.db);
      await insertFirstEntry.execute(this.db);
    });
  }

  get db(): Database<Tables> {
    return (this.#part as DbPart<Tables>).db;
  }

  run = (statement: string): Promise<unknown> => sql.raw(statement).execute(this.db);

  append = (reason: string, isolation?: "read committed"): Promise<void> =>
    inTransaction(
      this.db,
      (tx) => log.append(tx, { actor: "system", action: "banned", target: "x", reason, at }),
      isolation && { isolation },
    );

  appendMany = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 100)
      await inTransaction(this.db, async (tx) => {
        for (let j = i; j < Math.min(count, i + 100); j++)
          await log.append(tx, { ...by, action: "banned", target: `${j}` });
      });
  };

  /** As an instance of the release without seals does; what it `says` besides. */
  appendByOldRelease = async (reason: string, says: { action?: string; target?: string } = {}): Promise<void> => {
    const [last] = await listAuditEntries(this.db, 0, 1);
    const row = {
      position: (last?.position ?? 0) + 1,
      at,
      actor: "system",
      action: "banned",
      target: "x",
      reason,
      trace_id: "0".repeat(32),
      previous_hash: last?.hash ?? Buffer.alloc(32),
      ...says,
    };
    await this.db
      .insertInto("audit_log")
      .values({ ...row, hash: hashOf(row) })
      .execute();
  };

  verdict = async (with_ = sealer): Promise<{ fault: string | undefined; unsealed: string[] }> => {
    const { fault, unsealed } = await verifyAuditLog(this.db, with_);
    return { fault: fault?.message, unsealed: unsealed.map(({ from, to }) => `${from}-${to}`) };
  };
}
