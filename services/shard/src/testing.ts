// For the tests of other packages: the service as they may use it.
export { createApp, type ShardApp } from "./app.ts";
export { fields, readConfig } from "./config.ts";
export { Handovers } from "./handovers.ts";
