import { MusterError } from "@muster/client";

const TRIES_MAX = 10;
const WAIT_S_MAX = 10;

/** A limit of calls is met by reading many pages in a row: the server says when to go on. @throws what `work` throws in the end */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++)
    try {
      return await work();
    } catch (err) {
      if (!(err instanceof MusterError) || err.status !== 429 || tries === TRIES_MAX) throw err;
      const { retryAfterS = 1 } = (err.details ?? {}) as { retryAfterS?: number };
      await new Promise((resolve) => setTimeout(resolve, Math.min(retryAfterS, WAIT_S_MAX) * 1000));
    }
}
