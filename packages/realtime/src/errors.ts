// The errors that leave the connection open. STATE-MACHINE.md has the same table, and a test compares them.

interface RealtimeError {
  readonly retryable: boolean;
  readonly message: string;
}

export const REALTIME_ERRORS = {
  unknown_mode: { retryable: false, message: "There is no such queue; GET /v1/modes lists those that there are." },
  already_queued: { retryable: false, message: "You are already in a queue; leave it first." },
  not_queued: { retryable: false, message: "You are not in a queue." },
  queue_full: { retryable: true, message: "The queue is full." },
  queue_unavailable: { retryable: true, message: "The queue cannot be reached right now." },
  no_show_cooldown: {
    retryable: true,
    message: "You did not join your last match, or left it early; wait before you queue again.",
  },
  practice_limited: {
    retryable: true,
    message: "You or your address started too many practice matches; wait a moment.",
  },
  removed_by_operator: { retryable: true, message: "An operator took you out of the queue." },
  replaced: { retryable: false, message: "You joined a queue from another connection." },
  already_in_match: { retryable: false, message: "You are already in a match; leave it first." },
  not_in_match: { retryable: false, message: "You are not in a match." },
  seat_ticket_invalid: { retryable: false, message: "The seat ticket is not valid." },
  seat_ticket_expired: { retryable: false, message: "The seat ticket has expired." },
  seat_ticket_foreign: { retryable: false, message: "The seat ticket belongs to another player." },
  match_not_found: { retryable: true, message: "The match was not found: it is over, or about to start." },
  match_over: { retryable: false, message: "The match is over." },
  stale_epoch: { retryable: false, message: "The seat ticket was issued before the match moved." },
  shard_unavailable: { retryable: true, message: "The match cannot be reached right now." },
  input_malformed: { retryable: false, message: "The input is not what the game expects." },
  input_too_late: { retryable: false, message: "The input is for a tick too far in the past." },
  input_too_early: { retryable: false, message: "The input is for a tick too far in the future." },
  input_out_of_order: { retryable: false, message: "The input's sequence number is not above the last one." },
  illegal_move: { retryable: false, message: "The rules do not allow this move now." },
  input_overflow: { retryable: false, message: "There were more inputs than ticks: the oldest was dropped." },
  input_too_fast: {
    retryable: false,
    message: "Inputs arrived faster than allowed: those above the limit were dropped.",
  },
  watching_off: { retryable: false, message: "Watching matches is disabled." },
  watchers_full: { retryable: true, message: "This match already has the maximum number of spectators." },
  not_watching: { retryable: false, message: "You are not watching a match." },
  chat_unavailable: { retryable: true, message: "Chat cannot be reached right now." },
  channel_not_found: { retryable: false, message: "There is no such channel." },
  not_a_member: { retryable: false, message: "Join the channel first." },
  muted: { retryable: false, message: "You are muted in this channel." },
  blocked: { retryable: false, message: "One of you has blocked the other." },
  message_empty: { retryable: false, message: "The message has no text." },
  message_too_long: { retryable: false, message: "The message is too long." },
  chat_rate_limited: { retryable: true, message: "Too many messages; wait a moment." },
  invalid_request: { retryable: false, message: "The request does not match the contract." },
  unknown_request: { retryable: false, message: "This server does not know this request." },
  request_too_large: { retryable: false, message: "The request is larger than the server accepts." },
  rate_limited: { retryable: true, message: "Too many of these messages; wait a moment." },
  internal: { retryable: true, message: "Something went wrong on our side." },
} as const satisfies Record<string, RealtimeError>;

export type RealtimeErrorCode = keyof typeof REALTIME_ERRORS;

/** Error codes of chat-service that the gateway passes on unchanged. */
export const CHAT_REFUSALS: ReadonlySet<string> = new Set<RealtimeErrorCode>([
  "channel_not_found",
  "not_a_member",
  "muted",
  "blocked",
  "message_empty",
  "message_too_long",
  "chat_rate_limited",
]);
