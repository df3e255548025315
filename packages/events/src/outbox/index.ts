export { createRelayMetrics } from "./metrics.ts";
export { createRelay, type OutboxRow, type RelayOptions } from "./relay.ts";
export * from "./table.ts";
export { appendEvent, appendEvents } from "./append.ts";
