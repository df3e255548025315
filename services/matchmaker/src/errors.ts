import { errorsOf } from "@muster/errors";

/** Refusals of the matchmaker's calls for operators. */
export const ERRORS = {
  ticket_not_found: { grpc: "not_found", retryable: false, message: "There is no such ticket in a queue." },
  shard_not_found: { grpc: "not_found", retryable: false, message: "No such shard is connected." },
  gateway_not_found: { grpc: "not_found", retryable: false, message: "No such gateway is connected." },
  cannot_drain: { grpc: "failed_precondition", retryable: false, message: "This process cannot be drained." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
