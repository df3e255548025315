export {
  type ConsumerTopics,
  createEventConsumer,
  type EventConsumerOptions,
  type Identified,
} from "./consumer.ts";
export { discardOrder, type Handling, type Mark, markOf, markRecord, replayRecord } from "./dlq.ts";
export { deleteOldInbox, INBOX_DAYS } from "./inbox.ts";
export { type ConsumerMetrics, createConsumerMetrics } from "./metrics.ts";
export { PermanentError, RETRY_POLICY, type RetryPolicy } from "./retry-policy.ts";
export * from "./tables.ts";
