import { sleep } from "@muster/runtime";
import { GOODBYE_MS } from "./consumer-defaults.ts";
import { BrokerError } from "./port.ts";

/**
 * Resolves when `ending` has, or after so long without it: for a goodbye that a broker that hangs never answers. No timer is left behind, which
 * would keep a process that has stopped alive.
 */
export async function atMost(ms: number, ending: Promise<unknown> | undefined): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([ending, sleep(ms, waiting.signal)]).finally(() => waiting.abort());
}

/** What a consumer asks of the broker, which it waits for no longer than a goodbye once it is to stop. @throws BrokerError */
export async function untilStop<T>(stop: AbortSignal, call: () => Promise<T>): Promise<T> {
  const over = Promise.withResolvers<never>();
  let timer: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    const error = new BrokerError("no answer before the stop", { cause: undefined, retryable: true });
    timer = setTimeout(() => over.reject(error), GOODBYE_MS);
  };
  if (stop.aborted) onStop();
  else stop.addEventListener("abort", onStop, { once: true });
  try {
    return await Promise.race([call(), over.promise]);
  } finally {
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
  }
}
