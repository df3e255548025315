// For the tests of other packages: the service as they may use it.
export { createApp, type GatewayApp } from "./app.ts";
export { fields, readConfig } from "./config.ts";
