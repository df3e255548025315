// What tabs of one origin share, where the platform supports it: a lock and a message channel.

interface Locks {
  request<T>(
    name: string,
    options: { signal: AbortSignal } | { ifAvailable: true },
    work: (lock: object | null) => Promise<T>,
  ): Promise<T>;
}

/** A tab that holds the lock for longer is hanging. Others then continue without it, which the server tolerates occasionally. */
const LOCK_WITHIN_MS = 20_000;

/** Runs `work` in one tab at a time. `afterAnother`: another tab held the lock until now. */
export async function exclusively<T>(name: string, work: (afterAnother: boolean) => Promise<T>): Promise<T> {
  const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
  if (!locks || !inBrowser()) return work(false);
  let begun = false;
  const begin = (afterAnother: boolean): Promise<T> => {
    begun = true;
    return work(afterAnother);
  };
  try {
    const atOnce = await locks.request(
      name,
      { ifAvailable: true },
      async (lock) => lock && { done: await begin(false) },
    );
    if (atOnce) return atOnce.done;
    return await locks.request(name, { signal: AbortSignal.timeout(LOCK_WITHIN_MS) }, () => begin(true));
  } catch (err) {
    if (begun) throw err;
    return work(false); // no lock: the wait was too long, or the page may not use locks
  }
}

export interface Shared<T> {
  tell(value: T): void;
  close(): void;
}

/** Undefined outside of browsers: processes share tokens only through their storage. */
export function shareBetweenTabs<T>(name: string, onTold: (value: T) => void): Shared<T> | undefined {
  if (typeof BroadcastChannel !== "function" || !inBrowser()) return undefined;
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => onTold((event as Event & { data: T }).data));
  return { tell: (value) => channel.postMessage(value), close: () => channel.close() };
}

function inBrowser(): boolean {
  return (globalThis as { document?: unknown }).document !== undefined;
}
