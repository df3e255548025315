import { errorsOf } from "@muster/errors";

/** Refusals of chat-service. A channel that the caller may not see is reported as not found. */
export const ERRORS = {
  channel_not_found: { grpc: "not_found", retryable: false, message: "There is no such channel." },
  message_not_found: { grpc: "not_found", retryable: false, message: "There is no such message." },
  member_not_found: { grpc: "not_found", retryable: false, message: "This player is not in the channel." },
  invitation_not_found: { grpc: "not_found", retryable: false, message: "There is no such invitation." },
  match_not_found: { grpc: "not_found", retryable: false, message: "There is no such match." },
  not_a_member: { grpc: "permission_denied", retryable: false, message: "Join the channel first." },
  not_allowed: {
    grpc: "permission_denied",
    retryable: false,
    message: "This account does not have the permission to do that.",
  },
  muted: { grpc: "permission_denied", retryable: false, message: "You are muted in this channel." },
  blocked: { grpc: "permission_denied", retryable: false, message: "One of you has blocked the other." },
  edit_window_over: { grpc: "failed_precondition", retryable: false, message: "It is too late to edit this message." },
  message_empty: { grpc: "invalid_argument", retryable: false, message: "The message has no text." },
  message_too_long: { grpc: "invalid_argument", retryable: false, message: "The message is too long." },
  invalid_request: { grpc: "invalid_argument", retryable: false, message: "The request is malformed." },
  bad_cursor: { grpc: "invalid_argument", retryable: false, message: "The cursor is not valid." },
  room_name_taken: { grpc: "already_exists", retryable: false, message: "Another room already has this name." },
  too_many_rooms: { grpc: "resource_exhausted", retryable: false, message: "You own the maximum number of rooms." },
  too_many_directs: {
    grpc: "resource_exhausted",
    retryable: true,
    message: "You started too many conversations with strangers; wait a while.",
  },
  too_many_blocks: {
    grpc: "resource_exhausted",
    retryable: false,
    message: "You block the maximum number of players.",
  },
  channel_full: { grpc: "resource_exhausted", retryable: false, message: "The room is full." },
  chat_rate_limited: { grpc: "resource_exhausted", retryable: true, message: "Too many messages; wait a moment." },
} as const;

export const fail: ReturnType<typeof errorsOf<typeof ERRORS>> = errorsOf(ERRORS);
