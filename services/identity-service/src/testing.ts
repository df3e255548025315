// The service as the tests of other packages may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { nameKeyOf, nameSkeletonOf } from "./names.ts";
export { service } from "./service.ts";
