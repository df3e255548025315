// What both adapters take where a consumer does not say. No I/O.
export const FETCH_BYTES_MAX = 1024 * 1024;
export const SESSION_MS = 30_000;

/** How often a member says that it lives. */
export function heartbeatMs(sessionMs: number): number {
  return Math.min(sessionMs / 3, 3000);
}
