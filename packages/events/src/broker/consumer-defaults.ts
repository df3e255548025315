// What both adapters take where their caller does not say. No I/O.
export const FETCH_BYTES_MAX = 1024 * 1024;
export const SESSION_MS = 30_000;
/** At a stop, for what a broker that hangs does not answer; it finds out by itself that its client has gone. */
export const GOODBYE_MS = 1000;

/** How often a member says that it lives. */
export function heartbeatMs(sessionMs: number): number {
  return Math.min(sessionMs / 3, 3000);
}
