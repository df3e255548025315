// Refusals on an open connection. STATE-MACHINE.md holds the same table, and a test compares them.

interface RealtimeError {
  readonly retryable: boolean;
  readonly message: string;
}

export const REALTIME_ERRORS = {
  unknown_mode: { retryable: false, message: "There is no such queue." },
  already_queued: { retryable: false, message: "You wait already; cancel first." },
  not_queued: { retryable: false, message: "You do not wait." },
  queue_full: { retryable: true, message: "The queue is full." },
  queue_unavailable: { retryable: true, message: "The queue cannot be reached right now." },
  no_show_cooldown: {
    retryable: true,
    message: "You did not come to your last match, or left it at once; wait before you queue again.",
  },
  practice_limited: {
    retryable: true,
    message: "Too many practice matches of yours or from your address; wait a moment.",
  },
  replaced: { retryable: false, message: "You queued from another place." },
  already_in_match: { retryable: false, message: "You play already; leave first." },
  not_in_match: { retryable: false, message: "You play no match." },
  seat_ticket_invalid: { retryable: false, message: "The seat ticket is not valid." },
  seat_ticket_expired: { retryable: false, message: "The seat ticket has ended." },
  seat_ticket_foreign: { retryable: false, message: "The seat ticket belongs to another player." },
  match_not_found: { retryable: true, message: "The match is not here: it is over, or about to start." },
  match_over: { retryable: false, message: "The match is over." },
  stale_epoch: { retryable: false, message: "The seat ticket is from before the match moved." },
  shard_unavailable: { retryable: true, message: "The match cannot be reached right now." },
  input_malformed: { retryable: false, message: "The input is not what the game expects." },
  input_too_late: { retryable: false, message: "The input is for a tick too far in the past." },
  input_too_early: { retryable: false, message: "The input is for a tick too far in the future." },
  input_out_of_order: { retryable: false, message: "The input's sequence number is not above the last one." },
  illegal_move: { retryable: false, message: "The rules do not allow this move now." },
  input_overflow: { retryable: false, message: "More inputs than ticks: the oldest was dropped." },
  input_too_fast: { retryable: false, message: "More inputs than are taken: those above the rate were left out." },
  watching_off: { retryable: false, message: "Matches cannot be watched here." },
  watchers_full: { retryable: true, message: "This match has all the spectators that it can have." },
  not_watching: { retryable: false, message: "You watch no match." },
  chat_unavailable: { retryable: true, message: "Chat cannot be reached right now." },
  channel_not_found: { retryable: false, message: "There is no such channel." },
  not_a_member: { retryable: false, message: "Join the channel first." },
  muted: { retryable: false, message: "You may not post here for a while." },
  blocked: { retryable: false, message: "You and this player do not talk to each other." },
  message_empty: { retryable: false, message: "The message has no text." },
  message_too_long: { retryable: false, message: "The message is too long." },
  chat_rate_limited: { retryable: true, message: "Too many messages; wait a moment." },
  invalid_request: { retryable: false, message: "The request is not what the contract allows." },
  unknown_request: { retryable: false, message: "This server does not know this request." },
  request_too_large: { retryable: false, message: "The request is larger than the server takes." },
  rate_limited: { retryable: true, message: "Too many of these messages; wait a moment." },
  internal: { retryable: true, message: "Something went wrong on our side." },
} as const satisfies Record<string, RealtimeError>;

export type RealtimeErrorCode = keyof typeof REALTIME_ERRORS;

/** Of these, chat-service's own: they pass through as they are. */
export const CHAT_REFUSALS: ReadonlySet<string> = new Set<RealtimeErrorCode>([
  "channel_not_found",
  "not_a_member",
  "muted",
  "blocked",
  "message_empty",
  "message_too_long",
  "chat_rate_limited",
]);
