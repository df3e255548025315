// The service as the tests of other packages may use it.
export { GLOBAL_CHANNEL_ID } from "./channels.ts";
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { service } from "./service.ts";
