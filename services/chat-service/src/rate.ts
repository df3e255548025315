// GCRA (ITU-T I.371 annex A). The whole state is one time per player, so any instance can decide.

export interface Rate {
  /** Average distance of messages, milliseconds. */
  readonly everyMs: number;
  /** How many may come at once. */
  readonly burst: number;
}

/** Instances' clocks may differ by so much. */
const CLOCKS_APART_MS = 10_000;

/** `nextAt`: as stored. @returns what to store, or how long to wait. */
export function admit(nextAt: Date, now: Date, { everyMs, burst }: Rate): { nextAt: Date } | { retryAfterMs: number } {
  // What lies further ahead than a full burst was stored by a clock that was ahead, or under another rate: it counts for nothing.
  const isHonest = nextAt.getTime() <= now.getTime() + burst * everyMs + CLOCKS_APART_MS;
  const due = isHonest ? Math.max(nextAt.getTime(), now.getTime()) : now.getTime();
  const retryAfterMs = due - now.getTime() - (burst - 1) * everyMs;
  return retryAfterMs > 0 ? { retryAfterMs } : { nextAt: new Date(due + everyMs) };
}
