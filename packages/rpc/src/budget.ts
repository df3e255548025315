// The deadline travels with the call: a server puts the caller's remaining time here, and every outgoing call made
// while serving it gets at most what is left. Connect does not do this by itself.
import { AsyncLocalStorage } from "node:async_hooks";

export interface CallBudget {
  /** On the clock of performance.now(). */
  readonly deadlineAt: number;
  /** Aborts when the caller is gone or the time is up. */
  readonly signal: AbortSignal;
}

const current = new AsyncLocalStorage<CallBudget>();

export function withBudget<T>(budget: CallBudget, fn: () => T): T {
  return current.run(budget, fn);
}

export function currentBudget(): CallBudget | undefined {
  return current.getStore();
}

/** Time for an outgoing call: the callee's cap, or what the caller has left if that is less. Milliseconds, ≥ 0. */
export function remainingBudgetMs(capMs: number): number {
  const budget = current.getStore();
  return budget ? Math.max(0, Math.min(capMs, budget.deadlineAt - performance.now())) : capMs;
}

/** Parses `grpc-timeout` (gRPC over HTTP/2: up to 8 digits and a unit) into milliseconds. */
export function parseGrpcTimeout(value: string | null): number | undefined {
  const match = value ? /^(\d{1,8})([HMSmun])$/.exec(value) : null;
  if (!match) return undefined;
  const perUnitMs = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 }[
    match[2] as "H" | "M" | "S" | "m" | "u" | "n"
  ];
  return Number(match[1]) * perUnitMs;
}
