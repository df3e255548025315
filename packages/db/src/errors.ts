// What a MariaDB error means for the caller. Numbers: MariaDB server error codes.
const DUPLICATE_KEY = new Set([1062, 1586]);
const DEADLOCK = new Set([1205, 1213, 1020]);
const CONNECTION = new Set([1040, 1053, 1077, 1079, 1152, 1927, 2006, 2013]);
/** The connector's own: no connection could be had. */
const POOL = new Set([45009, 45012, 45013, 45026, 45028]);

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

/** The database cannot be reached or is stopping; the outcome of a commit in flight is unknown. */
export function isTransient(err: unknown): boolean {
  const errno = errorNumber(err);
  if (errno !== undefined && (CONNECTION.has(errno) || POOL.has(errno))) return true;
  const code = (err as { code?: unknown } | null)?.code;
  return code === "ECONNREFUSED" || code === "ECONNRESET" || code === "ETIMEDOUT" || code === "EPIPE";
}
