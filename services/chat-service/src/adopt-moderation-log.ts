// Earlier releases recorded moderators' actions in a table without hashes or seals, and still do so during an update. This
// file copies those rows to the moderation log (audit.ts) with their original times, followed by an entry that says so.
import { type Database, inTransaction } from "@muster/db";
import { type Audit, moderationTarget } from "./audit.ts";
import type { Tables } from "./schema.ts";
import { deleteModeration, lockModeration } from "./store/moderation.ts";

/** Of one transaction: others that write into the audit log wait for it. */
const BATCH_ROWS = 100;

/** @returns how many rows became entries */
export async function adoptModerationLog(db: Database<Tables>, audit: Audit, now: () => Date): Promise<number> {
  let adopted = 0;
  for (;;) {
    const rows = await adoptBatch(db, audit, now);
    adopted += rows;
    if (rows < BATCH_ROWS) return adopted;
  }
}

async function adoptBatch(db: Database<Tables>, audit: Audit, now: () => Date): Promise<number> {
  return await inTransaction(
    db,
    async (tx) => {
      const rows = await lockModeration(tx, BATCH_ROWS);
      if (rows.length === 0) return 0;
      await deleteModeration(
        tx,
        rows.map(({ position }) => position),
      );
      for (const { at, actor_id: actor, action, channel_id, target_id, reason, trace_id: traceId } of rows) {
        const target = moderationTarget(target_id, channel_id);
        await audit.append(tx, { actor, action, target, reason, at, traceId });
      }
      await audit.append(tx, {
        actor: "system",
        action: "moderation_adopted",
        target: `${rows.length} entries`,
        reason: "written by a release without an audit log",
        at: now(),
      });
      return rows.length;
    },
    { repeatable: "adopt moderation log" },
  );
}
