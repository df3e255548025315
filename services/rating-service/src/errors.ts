import { errorsOf } from "@muster/errors";

/** Refusals of rating-service. */
export const ERRORS = {
  season_not_found: { grpc: "not_found", retryable: false, message: "There is no such season." },
  not_on_leaderboard: { grpc: "not_found", retryable: false, message: "The player is not on this leaderboard." },
  bad_cursor: { grpc: "invalid_argument", retryable: false, message: "The cursor is not one of this list." },
  season_conflict: { grpc: "already_exists", retryable: false, message: "The season exists, or is not the next one." },
  season_too_early: {
    grpc: "failed_precondition",
    retryable: false,
    message: "The season would begin before the last one, or before a match that has ended.",
  },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
