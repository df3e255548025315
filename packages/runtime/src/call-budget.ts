// Propagates deadlines: a server stores the caller's remaining time here, and every outgoing call and statement made while
// serving it gets at most what is left. Connect does not do this by itself.
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

/** Kept back of a caller's time, for telling it that the time was not enough: a third, at most this. */
const RESERVE_MS_MAX = 600;

/** Time for one step of serving the caller, so that its failure can still be told within the deadline. Milliseconds. */
export function stepBudgetMs(capMs: number): number {
  const leftMs = remainingBudgetMs(capMs);
  return current.getStore() === undefined ? leftMs : Math.max(0, leftMs - Math.min(RESERVE_MS_MAX, leftMs / 3));
}
