// Requests that an overloaded server has refused are sent again when it said so, and not before: those that may be repeated, once,
// and few of all. Everything else is up to the game, which finds `retryAfterMs` in the error.
import { MusterError } from "./errors.ts";

/** Nobody waits longer than this for an answer that may be another refusal. */
const WAIT_MS_MAX = 5000;
/** Of the wait, up to so much more: whoever was refused together does not come back together. */
const JITTER = 0.5;
/** A tenth of all requests, and so many before that. */
const REPEATS_MAX = 5;
const REPEATS_PER_REQUEST = 0.1;

/** What reads, and what has the same effect once or twice. */
function isRepeatable(method: string, path: string): boolean {
  return method === "GET" || path === "/v1/auth/refresh" || path === "/v1/auth/logout";
}

let repeats = REPEATS_MAX;

export async function patiently<T>(method: string, path: string, ask: () => Promise<T>): Promise<T> {
  repeats = Math.min(REPEATS_MAX, repeats + REPEATS_PER_REQUEST);
  try {
    return await ask();
  } catch (err) {
    const waitMs = err instanceof MusterError && err.status === 503 ? Number(err.details?.["retryAfterMs"]) : NaN;
    if (!(waitMs <= WAIT_MS_MAX) || !isRepeatable(method, path) || repeats < 1) throw err;
    repeats--;
    await new Promise((resolve) => setTimeout(resolve, waitMs * (1 + JITTER * Math.random())));
    return ask();
  }
}
