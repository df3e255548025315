import type { Logger } from "@muster/log";
import { type Component, retryForever, sleep } from "@muster/runtime";
import type { AuditHead } from "./entry.ts";
import { type AuditDb, findHash, findHead, onlyLog } from "./store.ts";
import type { AuditTables } from "./table.ts";

const EVERY_MS = 60_000;

/**
 * Notes in the log lines where the audit log ends, whenever that has changed: what no seal can show is that the newest entries were cut off.
 * And complains when an entry that was there is there no more, or is another one.
 */
export function createAuditWatch<Tables extends AuditTables>(
  database: AuditDb<Tables>,
  log: Logger,
): Component & { look(): Promise<void> } {
  const db = onlyLog(database);
  const stop = new AbortController();
  let running: Promise<void> | undefined;
  let seen: AuditHead | undefined;
  const look = async (): Promise<void> => {
    const head = await findHead(db);
    const still = seen && (await findHash(db, seen.position));
    if (seen && !still?.equals(seen.hash))
      log.error(
        { was: fieldsOf(seen), is: head && fieldsOf(head) },
        "the audit log has lost entries, or has other ones in their place",
      );
    if (head && !(head.position === seen?.position && head.hash.equals(seen.hash)))
      log.info(fieldsOf(head), "the audit log ends here");
    seen = head;
  };
  const loop = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await look();
      await sleep(EVERY_MS, stop.signal);
    }
  };
  return {
    name: "audit watch",
    look,
    async start() {
      running = retryForever(loop, { name: "looking at the audit log", stop: stop.signal, log, maxDelayMs: 60_000 });
    },
    async stop() {
      stop.abort();
      await running;
    },
  };
}

function fieldsOf({ position, hash }: AuditHead): { position: number; hash: string } {
  return { position, hash: hash.toString("hex") };
}
