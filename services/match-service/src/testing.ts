// The service as the tests of other packages may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { decideAdvance, type Ending } from "./matches.ts";
export { migrations } from "./migrations/index.ts";
export { storeOutcome } from "./outcomes.ts";
export type { Tables } from "./schema.ts";
export { service } from "./service.ts";
export { insertMatch, lockMatch } from "./store.ts";
