// For the tests and benches of other packages: the service as they may use it.
export { type Applied, applyResult } from "./apply.ts";
export { fields, readConfig } from "./config.ts";
export { erasePlayer } from "./erase.ts";
export { ERRORS } from "./errors.ts";
export type { Result } from "./fold.ts";
export { migrations } from "./migrations/index.ts";
export { compareWithFold } from "./recompute.ts";
export { rewindMode } from "./rewind.ts";
export type { Tables } from "./schema.ts";
export { service } from "./service.ts";
export { countAgain } from "./store/boards.ts";
export { requestRewind } from "./store/results.ts";
