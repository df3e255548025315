// What tabs of one origin have in common, where the platform has it: a lock, and a way to tell each other.

interface Locks {
  request<T>(name: string, options: { signal: AbortSignal }, work: () => Promise<T>): Promise<T>;
}

/** A tab that holds the lock for longer hangs: then one goes on without, which the server's rule allows now and then. */
const LOCK_WITHIN_MS = 20_000;

/** One at a time, over all tabs. */
export async function exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
  const { locks } = (globalThis as { navigator?: { locks?: Locks } }).navigator ?? {};
  if (!locks || !inBrowser()) return work();
  let begun = false;
  try {
    return await locks.request(name, { signal: AbortSignal.timeout(LOCK_WITHIN_MS) }, () => {
      begun = true;
      return work();
    });
  } catch (err) {
    if (begun) throw err;
    return work(); // not to be had: it took too long, or the page may have none
  }
}

export interface Shared<T> {
  tell(value: T): void;
  close(): void;
}

/** Undefined outside of browsers: processes share through what they keep. */
export function shareBetweenTabs<T>(name: string, onTold: (value: T) => void): Shared<T> | undefined {
  if (typeof BroadcastChannel !== "function" || !inBrowser()) return undefined;
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => onTold((event as Event & { data: T }).data));
  return { tell: (value) => channel.postMessage(value), close: () => channel.close() };
}

function inBrowser(): boolean {
  return (globalThis as { document?: unknown }).document !== undefined;
}
