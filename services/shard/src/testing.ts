// For other packages' tests and benches: the service as they may use it, and the parts of it that have no I/O.
export type { Link, Session, ToGateway } from "./audience.ts";
export { fields, readConfig } from "./config.ts";
export { Handovers } from "./handovers.ts";
export { Inputs } from "./inputs.ts";
export { Match } from "./match.ts";
export type { MatchOwner } from "./match-owner.ts";
export type { MatchSpec } from "./match-spec.ts";
export { type Clock, Scheduler } from "./scheduler.ts";
export { StepWatch } from "./step-watch.ts";
export { service } from "./service.ts";
