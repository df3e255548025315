// GCRA (ITU-T I.371 annex A): one time per player says it all, so that any instance can decide.

export interface Rate {
  /** Average distance of messages, milliseconds. */
  readonly everyMs: number;
  /** How many may come at once. */
  readonly burst: number;
}

/** `nextAt`: as stored. @returns what to store, or how long to wait. */
export function admit(nextAt: Date, now: Date, { everyMs, burst }: Rate): { nextAt: Date } | { retryAfterMs: number } {
  const due = Math.max(nextAt.getTime(), now.getTime());
  const retryAfterMs = due - now.getTime() - (burst - 1) * everyMs;
  return retryAfterMs > 0 ? { retryAfterMs } : { nextAt: new Date(due + everyMs) };
}
