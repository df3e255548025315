export { createRelayMetrics } from "./metrics.ts";
export { createRelay, type OutboxRow, type RelayOptions } from "./relay.ts";
export * from "./table.ts";
export { type Publishing, publishOutbox, type PublishingOptions } from "./publishing.ts";
export { appendEvent, appendEvents } from "./append.ts";
