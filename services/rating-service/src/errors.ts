import { errorsOf } from "@muster/errors";

/** Refusals of rating-service. */
export const ERRORS = {
  entry_not_found: { grpc: "not_found", retryable: false, message: "There is no such entry." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
