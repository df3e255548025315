// How much is lost when a call is refused. It travels with the call, as its deadline does: whoever serves a call passes its criticality
// on to everything that it asks for it (packages/rpc), and an overloaded process refuses the less critical first (load-shedder.ts).
import { AsyncLocalStorage } from "node:async_hooks";

/** From what is refused last to what is refused first. */
export const CRITICALITIES = ["critical-plus", "critical", "sheddable-plus", "sheddable"] as const;

/**
 * - critical-plus: what a running match or an open session needs: results, seats, renewed tokens
 * - critical: what a player waits for and cannot play without; whatever says nothing is this
 * - sheddable-plus: what a player looks at: leaderboards, histories
 * - sheddable: what nobody waits for, or what can be asked again in a minute: events, an operator's statistics
 */
export type Criticality = (typeof CRITICALITIES)[number];

export const DEFAULT_CRITICALITY: Criticality = "critical";

const current = new AsyncLocalStorage<Criticality>();

/** Everything that `fn` asks of others is as critical as this. */
export function withCriticality<T>(criticality: Criticality, fn: () => T): T {
  return current.run(criticality, fn);
}

/** Of what is being served; undefined when nobody has said. */
export function currentCriticality(): Criticality | undefined {
  return current.getStore();
}

/** Of a call whose caller said so; of one that says nothing, or something that this release does not know, the default. */
export function parseCriticality(value: unknown): Criticality {
  return CRITICALITIES.find((known) => known === value) ?? DEFAULT_CRITICALITY;
}
