// The service as the tests of other packages may use it.
export { fields, readConfig } from "./config.ts";
export { ERRORS } from "./errors.ts";
export { Queue, type QueueRules } from "./queue/queue.ts";
export { timeSlice } from "./queue/time-slice.ts";
export type { WaitingTicket } from "./queue/waiting-ticket.ts";
export { service } from "./service.ts";
