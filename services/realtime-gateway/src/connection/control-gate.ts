// Limits the work that a socket's control messages cause: a budget per player, and the point at which too many are a flood.
import type { ControlBudget, ControlBudgets } from "./control-limits.ts";
import { CONTROL_REFUSED_PER_S_MAX, PINGS_PER_S_MAX } from "./limits.ts";

export class ControlGate {
  readonly #budgets: ControlBudgets;
  #budget: ControlBudget | undefined;
  /** Of late: see sweep. */
  #pings = 0;
  #refused = 0;

  constructor(budgets: ControlBudgets) {
    this.#budgets = budgets;
  }

  /** @returns 0, or how many milliseconds too early it is */
  take(playerId: string, number: number, now: number): number {
    this.#budget ??= this.#budgets.of(playerId);
    return this.#budget.take(number, now);
  }

  /** @returns false: a flood */
  refused(): boolean {
    return ++this.#refused <= CONTROL_REFUSED_PER_S_MAX;
  }

  /** @returns false: a flood */
  ping(): boolean {
    return ++this.#pings <= PINGS_PER_S_MAX;
  }

  /** Some times a second. */
  sweep(seconds: number): void {
    this.#pings = Math.max(0, this.#pings - PINGS_PER_S_MAX * seconds);
    this.#refused = Math.max(0, this.#refused - CONTROL_REFUSED_PER_S_MAX * seconds);
  }

  close(): void {
    if (this.#budget) this.#budgets.release(this.#budget);
    this.#budget = undefined;
  }
}
