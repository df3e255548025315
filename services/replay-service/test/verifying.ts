// Verification over a database, without the rest of the service: with the games of tests, and with the times that a test wants.
import { errorsOf } from "@muster/errors";
import { createLogger, type Logger } from "@muster/log";
import type { Component } from "@muster/runtime";
import type { ReplayMetrics } from "../src/metrics.ts";
import type { Outcome } from "../src/replays.ts";
import { createVerification, type VerificationParts } from "../src/verify/verification.ts";
import { VerifyThreads, type VerifyThreadsOptions } from "../src/verify/verify-threads.ts";

export const THREADS: VerifyThreadsOptions = {
  threads: 1,
  budgetMs: 60_000,
  heapMb: 32,
  idleMs: 60_000,
  gamesModule: new URL("./games.ts", import.meta.url).href,
};

export interface Verifying extends AsyncDisposable {
  /** Of this instance. */
  readonly simulated: Outcome[];
  readonly judged: Outcome[];
  readonly threads: VerificationParts["threads"];
}

interface Options extends Partial<VerifyThreadsOptions> {
  readonly leaseMs?: number;
  readonly againAfterMs?: number;
  readonly log?: Logger;
  readonly threadsInstead?: VerificationParts["threads"];
  readonly endProcess?: () => void;
}

const fail = errorsOf({
  replay_not_found: { grpc: "not_found", retryable: false, message: "There is no replay of this match." },
});

export async function startVerifying(db: VerificationParts["db"], options: Options = {}): Promise<Verifying> {
  const [simulated, judged] = [[], []] as [Outcome[], Outcome[]];
  const metrics: ReplayMetrics = {
    simulated: (outcome) => void simulated.push(outcome),
    judged: (outcome) => void judged.push(outcome),
  };
  const { leaseMs, againAfterMs, log, threadsInstead, endProcess, ...more } = options;
  const all = { ...THREADS, ...more };
  const threads = threadsInstead ?? new VerifyThreads(all);
  const component: Component = createVerification({
    db,
    matches: {
      getReplay: () => Promise.reject(fail("replay_not_found")),
    },
    threads,
    budgetMs: all.budgetMs,
    metrics,
    now: () => new Date(),
    log: log ?? createLogger("test", "silent"),
    endProcess: endProcess ?? (() => undefined),
    ...(leaseMs !== undefined && { leaseMs }),
    ...(againAfterMs !== undefined && { againAfterMs }),
  });
  await component.start?.();
  return { simulated, judged, threads, [Symbol.asyncDispose]: async () => component.stop?.() };
}
