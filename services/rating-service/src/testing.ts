// For the tests of other packages: the service as they may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { service } from "./service.ts";
