// Seals for entries that have none, or one of a key that is to go. Each is one transaction over the whole log: entries get a seal only when
// every entry is as it was written, and the log itself says, as its next entry, which got one, when and by whom. So a seal that was made
// later than its entry is never taken for one that was made with it.
import { type Database, inTransaction } from "@muster/db";
import type { AuditRow } from "./entry.ts";
import { appendEntry } from "./log.ts";
import type { Sealer } from "./sealer.ts";
import { type AuditDb, holdLog, isAnySealed, listEntriesAfter, onlyLog, setSeal } from "./store.ts";
import type { AuditTables } from "./table.ts";
import { Chain, type PositionRange } from "./chain.ts";
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
  await inTransaction(database, async (transaction) => {
    const tx = onlyLog(transaction);
    if (await isAnySealed(tx)) return;
    const { sealed, chain } = await sealWhere(tx, sealer, () => true);
    if (sealed === 0) return;
    await appendEntry(tx, sealer, {
      actor: "system",
      action: "audit_log_sealed" satisfies SealingAction,
      target: `1-${chain.last?.position}`,
      reason: "entries of a release without seals",
      at,
    });
  });
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
  await inTransaction(database, async (transaction) => {
    const tx = onlyLog(transaction);
    const isMeant = ({ position, key_id }: AuditRow): boolean => position >= from && position <= to && key_id === null;
    const { sealed } = await sealWhere(tx, sealer, isMeant);
    if (sealed !== to - from + 1)
      throw new SealingRefusedError(
        `of the entries ${from} to ${to}, ${sealed} have no seal: name those that verification names`,
      );
    const action = "audit_log_sealed" satisfies SealingAction;
    await appendEntry(tx, sealer, { ...by, action, target: `${from}-${to}` });
  });
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
  return await inTransaction(database, async (transaction) => {
    const tx = onlyLog(transaction);
    const { sealed, chain } = await sealWhere(tx, sealer, ({ key_id }) => key_id !== null && key_id !== sealer.keyId);
    const [unsealed] = chain.unsealed;
    if (unsealed)
      throw new SealingRefusedError(
        `entries ${unsealed.from} to ${unsealed.to} have no seal: look at them and seal them first`,
      );
    if (sealed === 0) return 0;
    const action = "audit_log_resealed" satisfies SealingAction;
    await appendEntry(tx, sealer, { ...by, action, target: `1-${chain.last?.position}` });
    return sealed;
  });
}

/** Over the whole log, which is held meanwhile: an entry that another instance appended with an older key would not be in it. */
async function sealWhere(
  tx: AuditDb,
  sealer: Sealer,
  isMeant: (row: AuditRow) => boolean,
): Promise<{ sealed: number; chain: Chain }> {
  await holdLog(tx);
  const chain = new Chain(sealer);
  let sealed = 0;
  const fault = await walk(
    chain,
    (after) => listEntriesAfter(tx, after, PAGE_ROWS),
    async (entry) => {
      if (entry.position === 0 || !isMeant(entry)) return;
      await setSeal(tx, entry.position, sealer.seal(entry.hash));
      sealed++;
    },
  );
  if (fault)
    throw new SealingRefusedError(
      `${fault.message}. Nothing was sealed: find out what happened to that entry, and restore the log from a backup from before`,
    );
  return { sealed, chain };
}
