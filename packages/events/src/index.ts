// Events between services. What is where: design/backend/v2.1-event-kit.md.
export * from "./broker/port.ts";
export { createKafkaJsBroker } from "./broker/kafkajs.ts";
export * from "./outbox/index.ts";
export * from "./consumer/index.ts";
