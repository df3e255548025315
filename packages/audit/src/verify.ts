import { type AuditFault, Chain, type PositionRange } from "./chain.ts";
import type { AuditHead, AuditRow } from "./entry.ts";
import type { Sealer } from "./sealer.ts";
import { type AuditDb, hasSealColumns, listEntriesAfter, listUnsealableAfter, onlyLog } from "./store.ts";
import type { AuditTables } from "./table.ts";

export type { AuditFault, PositionRange } from "./chain.ts";

export const PAGE_ROWS = 1000;

export interface AuditReport {
  /** The first one; what comes after it has not been looked at. */
  readonly fault?: AuditFault;
  /** Entries that bear no seal, the first hundred ranges of them: by the release before, or by somebody with access to the table. */
  readonly unsealed: readonly PositionRange[];
  readonly unsealedEntries: number;
  /** False: the table is from before seals, and so is every entry. */
  readonly canBeSealed: boolean;
  /** The last entry that is as it was written; in a log without a fault where it ends. */
  readonly last: AuditHead | undefined;
}

/** Walks the whole log, a page at a time. What is appended meanwhile may be in it or not. */
export async function verifyAuditLog<Tables extends AuditTables>(
  database: AuditDb<Tables>,
  sealer: Sealer,
): Promise<AuditReport> {
  const db = onlyLog(database);
  const canBeSealed = await hasSealColumns(db);
  const chain = new Chain(sealer);
  const fault = await walk(chain, (after) =>
    (canBeSealed ? listEntriesAfter : listUnsealableAfter)(db, after, PAGE_ROWS),
  );
  const { unsealed, unsealedEntries, last } = chain;
  return { ...(fault ? { fault } : {}), unsealed, unsealedEntries, canBeSealed, last };
}

/** @returns the first fault; each entry before it goes to `use` */
export async function walk(
  chain: Chain,
  pageAfter: (position: number) => Promise<AuditRow[]>,
  use?: (entry: AuditRow) => Promise<void>,
): Promise<AuditFault | undefined> {
  for (;;) {
    const page = await pageAfter(chain.last?.position ?? -1);
    for (const entry of page) {
      const fault = chain.faultOf(entry);
      if (fault) return fault;
      await use?.(entry);
    }
    if (page.length > 0) continue;
    return chain.last ? undefined : { kind: "first", position: 0, message: "the log has no first entry" };
  }
}
