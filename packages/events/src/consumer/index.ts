export { createEventConsumer } from "./consumer.ts";
export type { ConsumerTopics, EventConsumerOptions, Identified } from "./options.ts";
export { discardOrder, type Handling, type Mark, markOf, markRecord, replayRecord } from "./dlq.ts";
export { refuseImpossibleMatch } from "./impossible-match.ts";
export { deleteOldInbox, INBOX_DAYS } from "./inbox.ts";
export { type ConsumerMetrics, createConsumerMetrics } from "./metrics.ts";
export { PermanentError, RETRY_POLICY, type RetryPolicy } from "./retry-policy.ts";
export * from "./tables.ts";
