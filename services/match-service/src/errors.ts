import { errorsOf } from "@muster/errors";

/** Refusals of match-service. */
export const ERRORS = {
  match_not_found: { grpc: "not_found", retryable: false, message: "There is no such match." },
  replay_not_found: { grpc: "not_found", retryable: false, message: "There is no replay of this match." },
  match_conflict: {
    grpc: "already_exists",
    retryable: false,
    message: "The match already exists with different contents.",
  },
  match_over: { grpc: "failed_precondition", retryable: false, message: "The match is over." },
  stale_epoch: { grpc: "failed_precondition", retryable: false, message: "Another shard now holds the match." },
  result_conflict: { grpc: "already_exists", retryable: false, message: "The match already has a different result." },
  bad_result: { grpc: "invalid_argument", retryable: false, message: "The result does not match the recorded match." },
  bad_cursor: { grpc: "invalid_argument", retryable: false, message: "The cursor is not valid." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
