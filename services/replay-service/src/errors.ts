import { errorsOf } from "@muster/errors";

/** Refusals of replay-service. */
export const ERRORS = {
  replay_not_found: { grpc: "not_found", retryable: false, message: "There is no replay of this match." },
  replay_file_not_found: { grpc: "not_found", retryable: false, message: "This replay has no file, or none yet." },
  match_not_suspect: { grpc: "failed_precondition", retryable: false, message: "This match is not suspect." },
  not_allowed: { grpc: "permission_denied", retryable: false, message: "Nobody decides on a match of their own." },
  bad_cursor: { grpc: "invalid_argument", retryable: false, message: "The cursor is not one of this list." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
