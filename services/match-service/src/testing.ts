// For the tests of other packages: the service as they may use it.
export { createApp, type MatchApp } from "./app.ts";
export { configTable } from "@muster/config";
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { migrations } from "./migrations/index.ts";
export { judgeAdvance } from "./matches.ts";
