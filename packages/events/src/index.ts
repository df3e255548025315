// Events between services. What is where: design/backend/v2.1-event-kit.md.
export * from "./broker/port.ts";
export { BROKER_CLIENTS, type BrokerClient, createBroker } from "./broker/broker.ts";
export * from "./outbox/index.ts";
export * from "./consumer/index.ts";
export * from "./letters/index.ts";
export * from "./delivery/index.ts";
export {
  type AnyEvent,
  type Classification,
  EVENT_TYPES,
  type EventAttributes,
  type EventContract,
  type EventData,
  type EventOf,
  EVENTS,
  type EventType,
  type InvalidEventCode,
  InvalidEventError,
  isEventType,
} from "./contract/events.ts";
export {
  decodeEvent,
  decodeOnly,
  encodeEvent,
  newEvent,
  PAYLOAD_BYTES_MAX,
  recordOf,
  rowEncoder,
  type StoredEvent,
  storedEvent,
} from "./contract/envelope.ts";
export { checkEventData } from "./contract/validation.ts";
export * from "./topics.ts";
export { applyTopics, describePlan, planTopics, type TopicsPlan } from "./topics-plan.ts";
export { brokerOf, type KafkaConfig, kafkaFields } from "./config.ts";
export {
  type ConsumedEvents,
  type EventContext,
  type EventParts,
  publishAndConsumeEvents,
  type PublishedEvents,
  publishEvents,
} from "./event-parts.ts";
