import { errorsOf } from "@muster/errors";

/** Refusals of identity-service. */
export const ERRORS = {
  name_taken: {
    grpc: "already_exists",
    retryable: false,
    message: "This name is taken, or looks like a name that is taken.",
  },
  bad_name: { grpc: "invalid_argument", retryable: false, message: "This name is not allowed." },
  not_a_guest: { grpc: "failed_precondition", retryable: false, message: "This account has a name and a password." },
  weak_password: { grpc: "invalid_argument", retryable: false, message: "This password is too easy to guess." },
  bad_credentials: { grpc: "unauthenticated", retryable: false, message: "Name or password is wrong." },
  token_revoked: { grpc: "unauthenticated", retryable: false, message: "The session has ended." },
  bad_refresh_token: { grpc: "unauthenticated", retryable: false, message: "The refresh token is not valid." },
  account_banned: { grpc: "permission_denied", retryable: false, message: "This account is banned." },
  not_allowed: {
    grpc: "permission_denied",
    retryable: false,
    message: "This account does not have the permission to do that.",
  },
  player_not_found: { grpc: "not_found", retryable: false, message: "There is no such player." },
  device_not_found: { grpc: "not_found", retryable: false, message: "There is no such session." },
  key_not_found: { grpc: "not_found", retryable: false, message: "There is no such signing key in use." },
  bad_cursor: { grpc: "invalid_argument", retryable: false, message: "The cursor is not one of this list." },
  report_of_oneself: { grpc: "invalid_argument", retryable: false, message: "Nobody reports themselves." },
  report_not_found: { grpc: "not_found", retryable: false, message: "There is no such report." },
  report_decided: {
    grpc: "failed_precondition",
    retryable: false,
    message: "Somebody has decided on this report already.",
  },
  too_many_reports: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "You have reported too much today; wait before the next report.",
  },
  too_many_attempts: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "Too many failed log-ins; wait before the next one.",
  },
  challenge_required: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "Too many failed log-ins: solve the challenge first.",
  },
  too_many_accounts: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "Too many new accounts from this address; wait before the next one.",
  },
  too_many_keys: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "Too many idempotency keys in a day; wait, or send the request without one.",
  },
  busy: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "Too many log-ins at the same time; try again shortly.",
  },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
