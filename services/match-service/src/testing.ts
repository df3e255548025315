// The service as the tests of other packages may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { decideAdvance } from "./matches.ts";
export { service } from "./service.ts";
