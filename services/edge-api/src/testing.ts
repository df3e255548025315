// The service as the tests of other packages may use it.
export { sheddersOf } from "./admission.ts";
export { fields, readConfig } from "./config.ts";
export { type Contract, readContract } from "./contract.ts";
export { createRestServer } from "./server.ts";
export { createOnce, type Once } from "./idempotency.ts";
export { createIngressRefusals, type IngressRefusals } from "./ingress-refusals.ts";
export { service } from "./service.ts";
export { sampleOf } from "../test/samples.ts";
