// SQL for failed log-ins.
import { sql } from "kysely";
import type { Db, Tx } from "./db.ts";

export interface Failures {
  readonly subject: Buffer;
  readonly failures: number;
  readonly last_failed_at: Date;
  readonly blocked_until: Date;
}

/** Makes sure that there are rows. On its own, so that no transaction inserts where another one waits. */
export async function ensureFailures(db: Db, subjects: readonly Buffer[], now: Date): Promise<void> {
  await db
    .insertInto("login_failures")
    .ignore()
    .values(subjects.map((subject) => ({ subject, failures: 0, last_failed_at: now, blocked_until: now })))
    .execute();
}

/** Locks the row until the transaction ends. Undefined when it has just been deleted. */
export async function lockFailures(tx: Tx, subject: Buffer): Promise<Failures | undefined> {
  return tx
    .selectFrom("login_failures")
    .select(["subject", "failures", "last_failed_at", "blocked_until"])
    .where("subject", "=", subject)
    .forUpdate()
    .executeTakeFirst();
}

const LONG_AGO = new Date(0);

export function noFailures(subject: Buffer): Failures {
  return { subject, failures: 0, last_failed_at: LONG_AGO, blocked_until: LONG_AGO };
}

/** As they are now, not locked. @returns those of one subject */
export async function readFailures(db: Db, subjects: readonly Buffer[]): Promise<(subject: Buffer) => Failures> {
  const rows = await db
    .selectFrom("login_failures")
    .select(["subject", "failures", "last_failed_at", "blocked_until"])
    .where("subject", "in", subjects)
    .execute();
  return (subject) => rows.find((row) => row.subject.equals(subject)) ?? noFailures(subject);
}

export async function storeFailures(tx: Tx, { subject, ...values }: Failures): Promise<void> {
  await tx.updateTable("login_failures").set(values).where("subject", "=", subject).execute();
}

export async function forgetFailures(db: Db, subject: Buffer): Promise<void> {
  await db.deleteFrom("login_failures").where("subject", "=", subject).execute();
}

/** Takes one failure back: the attempt was none. */
export async function takeFailureBack(db: Db, subject: Buffer, now: Date): Promise<void> {
  await db
    .updateTable("login_failures")
    .set({ failures: sql`greatest(failures, 1) - 1`, blocked_until: sql`least(blocked_until, ${now})` })
    .where("subject", "=", subject)
    .execute();
}
