// All reasons for which the gateway closes a socket. STATE-MACHINE.md has the same table, and a test compares the two. After
// codes 4000 to 4499, clients reconnect with back-off. After 4500 to 4999 they must not, because the result would be the
// same.

interface Disconnect {
  readonly code: number;
  /** The reason in the close frame: under 124 bytes. */
  readonly reason: string;
  readonly when: string;
}

export const DISCONNECTS = {
  goingAway: {
    code: 4000,
    reason: "going away",
    when: "the gateway is stopping, and its time is over; connect to another one",
  },
  slow: { code: 4001, reason: "too slow", when: "the client did not read from the connection for too long" },
  idle: { code: 4002, reason: "idle", when: "the client did not authenticate in time" },
  tokenExpired: {
    code: 4003,
    reason: "token expired",
    when: "the access token has expired: refresh it, then connect again",
  },
  unavailable: { code: 4004, reason: "unavailable", when: "the gateway cannot verify tokens right now" },
  sessionEnded: {
    code: 4005,
    reason: "session ended",
    when: "the access token was revoked: refresh it; if that is refused, log in",
  },
  badFrame: { code: 4500, reason: "bad frame", when: "a frame did not match STANDARD.md" },
  badToken: {
    code: 4501,
    reason: "bad token",
    when: "the access token is not valid, or a later Hello had another player's token",
  },
  outOfOrder: { code: 4502, reason: "out of order", when: "a message was not allowed in this state" },
  replaced: { code: 4503, reason: "replaced", when: "the same player connected again" },
  tooManyMessages: {
    code: 4504,
    reason: "too many messages",
    when: "a flood: far more messages than any game needs",
  },
  inputAbuse: { code: 4505, reason: "input abuse", when: "too many inputs were refused" },
  protocolVersion: {
    code: 4506,
    reason: "protocol version",
    when: "the server does not support the client's version",
  },
} as const satisfies Record<string, Disconnect>;

export type DisconnectName = keyof typeof DISCONNECTS;

/** What a client must do after a close: by range for our codes, by RFC 6455 for others. */
export function clientDuty(code: number): "reconnect" | "stop" {
  if (code >= 4500 && code <= 4999) return "stop";
  if (code === 1000 || code === 1002 || code === 1003 || code === 1007 || code === 1008 || code === 1009) return "stop";
  return "reconnect";
}
