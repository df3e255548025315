// Creates seals for entries that have none, or that have one of a key to be retired. Entries get a seal only if every entry
// is intact: the whole log is verified first, and the hashes that it had then are sealed. Then the next entry of the log
// records which entries get a seal, when and by whom, so a later seal is never mistaken for one that was created with its
// entry. Then the seals are written, in small transactions, so that concurrent appends wait for at most one of them. An
// interrupted run is completed by running it again.
import { type Database, inTransaction } from "@muster/db";
import { Chain, type PositionRange } from "./chain.ts";
import type { AuditEntry, AuditHead, AuditRow } from "./entry.ts";
import { appendEntry } from "./log.ts";
import type { Sealer } from "./sealer.ts";
import { type AuditDb, findFirstWithAction, listEntriesAfter, onlyLog, setSeal } from "./store.ts";
import type { AuditTables } from "./table.ts";
import { PAGE_ROWS, walk } from "./verify.ts";

export type SealingAction = "audit_log_sealed" | "audit_log_resealed";

/** Nothing has been sealed; the message says why, and which entry it is. */
export class SealingRefusedError extends Error {
  override readonly name = "SealingRefusedError";
}

export interface SealedBy {
  readonly actor: string;
  readonly reason: string;
  readonly at: Date;
}

/** Seals of one transaction. */
const BATCH_ROWS = 200;
/** What instances with an older key alone append meanwhile is for the next round; in the end it is for the operator to restart them. */
const RESEAL_ROUNDS_MAX = 10;

/**
 * For a migration: seals the log that a release without seals has left. Once: entries without a seal beside sealed ones may be anybody's, and
 * are for an operator to look at. What the release before appends meanwhile is left to `sealEntries` as well. Safe to run again.
 * @throws SealingRefusedError when an entry is not as it was written
 */
export async function sealLogOfBefore<Tables extends AuditTables>(
  database: Database<Tables>,
  sealer: Sealer,
  at: Date,
): Promise<void> {
  const db = onlyLog(database);
  const { meant, sealedEntries, last } = await verifyFor(db, sealer, ({ key_id }) => key_id === null);
  if (meant.length === 0) return;
  const begun = await findFirstWithAction(db, "audit_log_sealed" satisfies SealingAction);
  if (!begun && sealedEntries === 0) {
    await note(db, sealer, {
      actor: "system",
      action: "audit_log_sealed",
      target: `1-${last?.position}`,
      reason: "entries of a release without seals",
      at,
    });
    return await sealInBatches(db, sealer, meant);
  }
  // Has been begun before: its seal, which holds, covers what is before it.
  const [, upTo] = /^1-(\d+)$/.exec(begun?.actor === "system" && begun.seal !== null ? begun.target : "") ?? [];
  await sealInBatches(
    db,
    sealer,
    meant.filter(({ position }) => position <= Number(upTo ?? 0)),
  );
}

/**
 * For an operator who has looked at them: seals entries that have no seal.
 * @throws SealingRefusedError when one of them has a seal or is not there, or any entry of the log is not as it was written
 */
export async function sealEntries<Tables extends AuditTables>(
  database: Database<Tables>,
  sealer: Sealer,
  { from, to }: PositionRange,
  by: SealedBy,
): Promise<void> {
  const db = onlyLog(database);
  const isMeant = ({ position, key_id }: AuditRow): boolean => position >= from && position <= to && key_id === null;
  const { meant } = await verifyFor(db, sealer, isMeant);
  if (meant.length !== to - from + 1)
    throw new SealingRefusedError(
      `entries ${from} to ${to} are not all without a seal (${meant.length} are): use the range that verification reports`,
    );
  await note(db, sealer, { ...by, action: "audit_log_sealed", target: `${from}-${to}` });
  await sealInBatches(db, sealer, meant);
}

/**
 * After a change of keys: seals with the first key whatever an older one has sealed, so that the older one can go.
 * @returns how many entries
 * @throws SealingRefusedError when an entry has no seal, or is not as it was written
 */
export async function resealEntries<Tables extends AuditTables>(
  database: Database<Tables>,
  sealer: Sealer,
  by: SealedBy,
): Promise<number> {
  const db = onlyLog(database);
  let resealed = 0;
  for (let round = 0; round < RESEAL_ROUNDS_MAX; round++) {
    const isMeant = ({ key_id }: AuditRow): boolean => key_id !== null && key_id !== sealer.keyId;
    const { meant, unsealed, last } = await verifyFor(db, sealer, isMeant);
    if (unsealed)
      throw new SealingRefusedError(
        `entries ${unsealed.from} to ${unsealed.to} have no seal: look at them and seal them first`,
      );
    if (meant.length === 0) break;
    await note(db, sealer, { ...by, action: "audit_log_resealed", target: `1-${last?.position}` });
    await sealInBatches(db, sealer, meant);
    resealed += meant.length;
  }
  return resealed;
}

interface Verified {
  readonly meant: readonly AuditHead[];
  readonly sealedEntries: number;
  readonly unsealed: PositionRange | undefined;
  readonly last: AuditHead | undefined;
}

async function verifyFor(db: AuditDb, sealer: Sealer, isMeant: (row: AuditRow) => boolean): Promise<Verified> {
  const chain = new Chain(sealer);
  const meant: AuditHead[] = [];
  let sealedEntries = 0;
  const fault = await walk(
    chain,
    (after) => listEntriesAfter(db, after, PAGE_ROWS),
    async (entry) => {
      if (entry.position === 0) return;
      if (entry.key_id !== null) sealedEntries++;
      if (isMeant(entry)) meant.push({ position: entry.position, hash: entry.hash });
    },
  );
  if (fault) {
    const next =
      fault.kind === "unknown key"
        ? "if that is one of your keys, give it too; otherwise the entry is forged"
        : "find out what happened to that entry, and restore the log from a backup from before";
    throw new SealingRefusedError(`${fault.message}. Nothing was sealed: ${next}`);
  }
  return { meant, sealedEntries, unsealed: chain.unsealed[0], last: chain.last };
}

async function note(db: AuditDb, sealer: Sealer, entry: AuditEntry<SealingAction>): Promise<void> {
  await inTransaction(db as Database<AuditTables>, (tx) => appendEntry(tx, sealer, entry), {
    repeatable: "append entry",
  });
}

async function sealInBatches(db: AuditDb, sealer: Sealer, entries: readonly AuditHead[]): Promise<void> {
  for (let i = 0; i < entries.length; i += BATCH_ROWS)
    await inTransaction(
      db as Database<AuditTables>,
      async (tx) => {
        for (const { position, hash } of entries.slice(i, i + BATCH_ROWS))
          await setSeal(tx, position, sealer.seal(hash));
      },
      { repeatable: "seal entries" },
    );
}
