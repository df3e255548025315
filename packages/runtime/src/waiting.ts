import type { Logger } from "@muster/log";

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}

/**
 * Calls `check` until it returns nothing; what it returns is the reason why it is not yet so.
 * @throws Error with the last reason when `timeoutMs` has passed.
 */
export async function until(
  check: () => string | undefined | Promise<string | undefined>,
  timeoutMs = 10_000,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const reason = await check();
    if (reason === undefined) return;
    if (performance.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${reason}`);
    await sleep(everyMs);
  }
}

export interface RetryDelays {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** Somewhere between half of a delay and all of it, so that callers who failed together do not try again together. */
export function jittered(delayMs: number, random = Math.random): number {
  return delayMs * (0.5 + random() / 2);
}

/**
 * How long to wait after so many failures in a row: twice as long after each, up to the longest, with jitter.
 * @param failures 1 after the first
 */
export function retryDelayMs(failures: number, { firstMs, maxMs }: RetryDelays, random = Math.random): number {
  return jittered(Math.min(firstMs * 2 ** (failures - 1), maxMs), random);
}

export interface RetryOptions {
  readonly name: string;
  readonly stop: AbortSignal;
  readonly log: Logger;
  readonly firstDelayMs?: number;
  readonly maxDelayMs?: number;
}

/**
 * Runs `attempt` again and again until `stop` aborts: for a connection that must always exist. The delay grows
 * exponentially, with jitter, and starts over once an attempt has lasted longer than the longest delay.
 */
export async function retryForever(attempt: () => Promise<void>, options: RetryOptions): Promise<void> {
  const { firstDelayMs = 50, maxDelayMs = 1000, stop, log, name } = options;
  let delayMs = firstDelayMs;
  while (!stop.aborted) {
    const startedAt = performance.now();
    try {
      await attempt();
    } catch (err) {
      if (stop.aborted) return;
      log.warn({ err, delayMs }, `${name} failed, trying again`);
    }
    if (performance.now() - startedAt > maxDelayMs) delayMs = firstDelayMs;
    await sleep(jittered(delayMs), stop);
    delayMs = Math.min(delayMs * 2, maxDelayMs);
  }
}
