// For the tests of other packages: the service as they may use it.
export { createApp, type MatchmakerApp } from "./app.ts";
export { fields, readConfig } from "./config.ts";
export { Queue, type QueueRules, type WaitingTicket } from "./queue.ts";
export { timeSlice } from "./time-slice.ts";
