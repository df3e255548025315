// What both adapters take where their caller does not say. No I/O.
export const FETCH_BYTES_MAX = 1024 * 1024;
/**
 * For so long the events of a member that was killed wait for the others, or for itself: it comes back under another name. It has to last
 * longer than an event loop is ever busy (heartbeats come from it) with a heartbeat missed besides; a broker that restarts begins every
 * session anew, so that its absence needs no room. Brokers allow 6 s and more.
 */
export const SESSION_MS = 10_000;
/** At a stop, for what a broker that hangs does not answer; it finds out by itself that its client has gone. */
export const GOODBYE_MS = 1000;

/** How often a member says that it lives. */
export function heartbeatMs(sessionMs: number): number {
  return Math.min(sessionMs / 5, 3000);
}
