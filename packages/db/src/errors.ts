// What MariaDB errors mean for the caller. The numbers are MariaDB server error codes.
import { AppError, COMMON_ERRORS } from "@muster/errors";

const DUPLICATE_KEY = new Set([1062, 1586]);
const DEADLOCK = new Set([1205, 1213, 1020]);
const CONNECTION = new Set([1040, 1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1203, 1927, 2006, 2013, 4031]);
/** Ended by the server because it took too long, or by an operator. */
const INTERRUPTED = new Set([1028, 1317, 1969, 3024]);
/** A replica, or a server that is being taken out of service. */
const READ_ONLY = new Set([1290, 1836]);
/** The connector's own: no connection could be had, or it was lost. */
const CONNECTOR = new Set([
  45004, 45009, 45012, 45013, 45019, 45026, 45027, 45028, 45035, 45037, 45039, 45042, 45060, 45061,
]);
const SYSTEM = new Set(["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "EPIPE", "EHOSTUNREACH", "ENOTFOUND", "EAI_AGAIN"]);

/** What was going on when the database failed: what may be done again follows from it. */
export type Stage =
  /** Nothing was sent. */
  | "connecting"
  /** Nothing was kept: a read, or inside a transaction that ended with its connection. */
  | "undone"
  /** A write or a commit was on its way: it may have been done. */
  | "unknown";

/**
 * The database cannot do it now: gone, stopped, too slow, or in contention. `unavailable` for whoever called; when the
 * outcome is not known the details say so, for it is no refusal.
 */
export class DatabaseUnavailableError extends AppError {
  readonly errno: number | undefined;
  readonly stage: Stage;

  constructor(cause: unknown, stage: Stage) {
    super("unavailable", COMMON_ERRORS.unavailable, {
      cause,
      ...(stage === "unknown"
        ? { details: { outcome: "unknown" }, message: "The service did not answer in time; it may have been done." }
        : {}),
    });
    this.errno = errorNumber(cause);
    this.stage = stage;
  }
}

/** A statement or the wait for a connection took longer than its caller can wait. */
export class DatabaseTimeoutError extends Error {
  override readonly name = "DatabaseTimeoutError";
}

/** What lies at the bottom of it, in the words of the server or the system: the connector wraps it twice. */
export function reasonOf(err: unknown): string {
  let inner = err;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  const message = inner instanceof Error ? inner.message : String(inner);
  return message.replace(/^\(conn:[^)]*\) /, "").replace(/\s*\(pool connections:[^)]*\)\s*$/, "");
}

/** Why the database cannot be used or refuses, in a line; undefined when `err` is no fault of a database. */
export function faultOfDatabase(err: unknown): string | undefined {
  const isFault = err instanceof DatabaseUnavailableError || err instanceof DatabaseTimeoutError;
  return isFault || errorNumber(err) !== undefined ? reasonOf(err) : undefined;
}

/** Errors that say nothing about the request become DatabaseUnavailableError, all others stay. */
export function translated(err: unknown, stage: Stage): unknown {
  if (err instanceof AppError) return err;
  if (err instanceof DatabaseTimeoutError || isTransient(err)) return new DatabaseUnavailableError(err, stage);
  return isDeadlock(err) ? new DatabaseUnavailableError(err, "undone") : err;
}

function errorNumber(err: unknown): number | undefined {
  const errno = (err as { errno?: unknown } | null)?.errno;
  return typeof errno === "number" ? errno : undefined;
}

/** A unique key holds this value already. */
export function isDuplicateKey(err: unknown, key?: string): boolean {
  const errno = errorNumber(err);
  if (errno === undefined || !DUPLICATE_KEY.has(errno)) return false;
  return key === undefined || String((err as Error).message).includes(key);
}

/** The transaction was chosen to lose; the same transaction may pass now. */
export function isDeadlock(err: unknown): boolean {
  const errno = errorNumber(err);
  return errno !== undefined && DEADLOCK.has(errno);
}

/** Ended by the server because it took too long, or by an operator. */
export function isInterrupted(err: unknown): boolean {
  const errno = errorNumber(err);
  return errno !== undefined && INTERRUPTED.has(errno);
}

/** The database cannot be reached, is stopping or does not get on; the outcome of a commit in flight is unknown. */
export function isTransient(err: unknown): boolean {
  if (err instanceof DatabaseUnavailableError) return true;
  const errno = errorNumber(err);
  if (errno !== undefined && [CONNECTION, INTERRUPTED, READ_ONLY, CONNECTOR].some((set) => set.has(errno))) return true;
  return SYSTEM.has(String((err as { code?: unknown } | null)?.code));
}
