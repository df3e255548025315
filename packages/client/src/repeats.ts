// Repeats of writes whose answer was lost. The server carries out each logical call once: it has a key, which all its attempts have.
import { MusterError } from "./errors.ts";

const ATTEMPTS_MAX = 3;
/** Before the second attempt at most, the third at most twice that: spread, so that clients that lost a server do not come back at once. */
const DELAY_MS_MAX = 500;
/** No attempt begins later than this after the first. */
const BEGIN_WITHIN_MS = 15_000;

/** @param attempt sends the request with the given key */
export async function repeated<T>(
  attempt: (key: string) => Promise<T>,
  random: () => number = Math.random,
): Promise<T> {
  const key = newKey();
  const startedAt = performance.now();
  for (let made = 1; ; made++) {
    try {
      return await attempt(key);
    } catch (err) {
      const waitMs = waitFor(err, made, random);
      if (waitMs === undefined || made === ATTEMPTS_MAX) throw err;
      if (performance.now() + waitMs > startedAt + BEGIN_WITHIN_MS) throw err;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

/** Not `randomUUID`: browsers have it only on pages with https. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Undefined: the answer is one. */
function waitFor(err: unknown, made: number, random: () => number): number | undefined {
  if (!(err instanceof MusterError)) return undefined;
  if (err.code === "request_in_flight")
    return Number(err.details?.["retryAfterMs"] ?? DELAY_MS_MAX) + random() * DELAY_MS_MAX;
  const noAnswer = err.code === "network" && err.status === 0;
  return noAnswer ? random() * DELAY_MS_MAX * made : undefined;
}
