// The service, and those of its parts that have no I/O, as the tests and benches of other packages may use them.
export type { Link, LinkSession, ToGateway } from "./tick/subscribers.ts";
export { fields, readConfig } from "./config.ts";
export { LogTransfers } from "./takeover/log-transfers.ts";
export { InputRings } from "./tick/input-rings.ts";
export { prefetchTicks } from "./tick/prefetch.ts";
export type { TickingMatch } from "./tick/ticking-match.ts";
export { Match } from "./match/match.ts";
export type { MatchOwner } from "./match/match-owner.ts";
export type { MatchSpec } from "./match/match-spec.ts";
export { type Clock, Scheduler } from "./tick/scheduler.ts";
export { StepWatchdog } from "./tick/step-watchdog.ts";
export { service } from "./service.ts";
