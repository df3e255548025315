// For the tests of other packages: the service as they may use it.
export { fields, readConfig } from "./config.ts";
export { incoming } from "./incoming.ts";
export { InputBatch } from "./input-batch.ts";
export { Connection, type OwnedConnectionParts } from "./connection.ts";
export { ControlBudgets, ControlRates } from "./control-limits.ts";
export { ControlWork } from "./control-work.ts";
export { Seats } from "./seats.ts";
export { ShardLinks } from "./shard-links.ts";
export type { Socket } from "./ws.ts";
export { service } from "./service.ts";
