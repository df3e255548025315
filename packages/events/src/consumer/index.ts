export {
  type ConsumerTopics,
  createEventConsumer,
  type EventConsumerOptions,
  type Identified,
} from "./consumer.ts";
export { deleteOldInbox, INBOX_DAYS } from "./inbox.ts";
export { type ConsumerMetrics, createConsumerMetrics } from "./metrics.ts";
export { PermanentError, RETRY_POLICY, type RetryPolicy } from "./retry-policy.ts";
export * from "./tables.ts";
