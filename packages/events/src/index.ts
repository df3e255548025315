// Events between services. What is where: design/backend/v2.1-event-kit.md.
export * from "./broker/port.ts";
export { createKafkaJsBroker } from "./broker/kafkajs.ts";
export * from "./outbox/index.ts";
export * from "./consumer/index.ts";
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
  encodeEvent,
  eventTypeOf,
  newEvent,
  PAYLOAD_BYTES_MAX,
  recordOf,
  type StoredEvent,
  storedEvent,
} from "./contract/envelope.ts";
export { checkEventData } from "./contract/validation.ts";
export * from "./topics.ts";
