import type { Logger } from "@muster/log";
import { type Component, createLoop, type Metrics, sleep } from "@muster/runtime";
import { Counter, Gauge } from "prom-client";
import { Chain } from "./chain.ts";
import type { AuditHead } from "./entry.ts";
import type { Sealer } from "./sealer.ts";
import { type AuditDb, findHash, findHead, listEntriesAfter, onlyLog } from "./store.ts";
import type { AuditTables } from "./table.ts";
import { PAGE_ROWS, walk } from "./verify.ts";

const EVERY_MS = 60_000;
/** The whole log again, and not only what is new: somebody may have changed what was verified before. */
const WHOLE_EVERY_LOOKS = 60;

export interface AuditWatchOptions<Tables extends AuditTables> {
  readonly database: AuditDb<Tables>;
  readonly sealer: Sealer;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/**
 * Verifies the log while the service runs: what is new every minute, all of it every hour. And notes in the log lines and in a metric where it
 * ends: what no seal can show is that the newest entries were cut off.
 */
export function createAuditWatch<Tables extends AuditTables>(
  options: AuditWatchOptions<Tables>,
): Component & { look(): Promise<void> } {
  const { sealer, log } = options;
  const db = onlyLog(options.database);
  const { position, fault, unsealed, losses } = instruments(options.metrics);
  let seen: AuditHead | undefined;
  let chain = new Chain(sealer);
  let looks = 0;

  const note = (head: AuditHead | undefined): void => {
    if (head && !(head.position === seen?.position && head.hash.equals(seen.hash)))
      log.info(fieldsOf(head), "the audit log ends here");
    seen = head;
    position.set(head?.position ?? 0);
  };

  const noteEnd = async (): Promise<void> => {
    const head = await findHead(db);
    const still = seen && (await findHash(db, seen.position));
    if (seen && !still?.equals(seen.hash)) {
      losses.inc();
      looks = 0;
      log.error(
        { was: fieldsOf(seen), is: head && fieldsOf(head) },
        "entries of the audit log have been removed or replaced",
      );
    }
    note(head);
  };

  const verify = async (): Promise<void> => {
    if (looks++ % WHOLE_EVERY_LOOKS === 0) chain = new Chain(sealer);
    const found = await walk(chain, (after) => listEntriesAfter(db, after, PAGE_ROWS));
    fault.set(found ? 1 : 0);
    unsealed.set(chain.unsealedEntries);
    const appended = chain.last && chain.last.position > (seen?.position ?? 0); // since noteEnd
    if (appended) note(chain.last);
    if (!found) return;
    looks = 0; // from the beginning the next time: it may have been mended
    log.error({ kind: found.kind, position: found.position }, `the audit log is not intact: ${found.message}`);
  };

  const look = async (): Promise<void> => {
    await noteEnd();
    await verify();
  };
  const loop = createLoop({ name: "audit watch", log, maxDelayMs: 60_000 }, async (stop) => {
    await look();
    await sleep(EVERY_MS, stop);
  });
  return { ...loop, look };
}

function instruments(metrics: Metrics): { position: Gauge; fault: Gauge; unsealed: Gauge; losses: Counter } {
  const registers = [metrics];
  return {
    position: new Gauge({
      name: "audit_log_position",
      help: "Position of the audit log's last entry; it never decreases",
      registers,
    }),
    fault: new Gauge({
      name: "audit_log_fault",
      help: "1 if an entry of the audit log is missing, changed, forged or out of order",
      registers,
    }),
    unsealed: new Gauge({
      name: "audit_log_unsealed_entries",
      help: "Entries of the audit log without a seal",
      registers,
    }),
    losses: new Counter({
      name: "audit_log_losses_total",
      help: "How often the entry that had been the last one of the audit log was missing or replaced",
      registers,
    }),
  };
}

function fieldsOf({ position, hash }: AuditHead): { position: number; hash: string } {
  return { position, hash: hash.toString("hex") };
}
