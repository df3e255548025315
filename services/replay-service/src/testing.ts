// For the tests of other packages: the service as they may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { migrations } from "./migrations/index.ts";
export type { Tables } from "./schema.ts";
export { takeIn } from "./take-in.ts";
export { service } from "./service.ts";
