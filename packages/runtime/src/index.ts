export {
  type CallBudget,
  currentBudget,
  remainingBudgetMs,
  stepBudgetMs,
  withBudget,
} from "./call-budget.ts";
export { type Bounded, BoundedMap, measureBounded } from "./bounded-map.ts";
export {
  CRITICALITIES,
  type Criticality,
  currentCriticality,
  DEFAULT_CRITICALITY,
  parseCriticality,
  withCriticality,
} from "./criticality.ts";
export { cut, lengthOf } from "./cut.ts";
export { clientNetworkOf } from "./client-network.ts";
export { FairLimiter, type FairLimiterOptions, WaitAbandonedError } from "./fair-limiter.ts";
export { createLoadControl, type LoadControl, type LoadLimits } from "./load/load-control.ts";
export { type Admission, aside, currentAdmission, LoadShedder, type Shed, SHARES } from "./load/load-shedder.ts";
export { type LimiterOptions, Limiter, LimitReachedError } from "./limiter.ts";
export { collectedCounter, collectedGauge, createMetrics, type Metrics } from "./metrics.ts";
export { type App, type Component, compose, composeProcess } from "./components.ts";
export { createLoop, type LoopOptions } from "./loop.ts";
export { printable } from "./printable.ts";
export { nameFaultOf, type NameFault, tidyMessage } from "./text-policy.ts";
export { jittered, retryDelayMs, retryForever, sleep, until } from "./waiting.ts";
