// The service as the tests of other packages may use it.
export { fields, readConfig } from "./config.ts";
export { decodeControl } from "./connection/control-decoding.ts";
export { InputBatch } from "./connection/input-batch.ts";
export { Connection, type OwnedConnectionParts } from "./connection/connection.ts";
export { readInputsAhead } from "./connection/read-ahead.ts";
export { ControlBudgets, ControlRates } from "./connection/control-limits.ts";
export { ControlWork } from "./connection/control-work.ts";
export { MatchRegistry } from "./matches/registry.ts";
export { isBoundTo, takeover } from "./matches/takeover.ts";
export { type Action, type MatchEvent, type MatchState, newMatchState } from "./matches/takeover-state.ts";
export { ShardLinks } from "./shards/shard-links.ts";
export type { Socket } from "./connection/ws.ts";
export { service } from "./service.ts";
