// For the tests of other packages: the service as they may use it.
export { fields, readConfig } from "./config.ts";
export { Queue, type QueueRules } from "./queue.ts";
export { timeSlice } from "./time-slice.ts";
export type { WaitingTicket } from "./waiting-ticket.ts";
export { service } from "./service.ts";
