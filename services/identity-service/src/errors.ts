import { errorsOf } from "@muster/errors";

/** Refusals of identity-service. */
export const ERRORS = {
  name_taken: { grpc: "already_exists", retryable: false, message: "This name is taken." },
  bad_credentials: { grpc: "unauthenticated", retryable: false, message: "Name or password is wrong." },
  bad_refresh_token: { grpc: "unauthenticated", retryable: false, message: "The refresh token is not valid." },
  player_not_found: { grpc: "not_found", retryable: false, message: "There is no such player." },
  busy: { grpc: "resource_exhausted", retryable: true, message: "Too many log-ins at once; try again shortly." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
