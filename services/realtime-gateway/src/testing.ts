// For the tests of other packages: the service as they may use it.
export { createApp, type GatewayApp } from "./app.ts";
export { fields, readConfig } from "./config.ts";
export { InputBatch } from "./input-batch.ts";
export { Connection, type ConnectionParts } from "./connection.ts";
export { Seats } from "./seats.ts";
export { ShardLinks } from "./shard-links.ts";
export type { Socket } from "./ws.ts";
