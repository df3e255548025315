// Classifies how a socket ended that this gateway did not close: uWebSockets.js reports most such ends as 1006, with the
// details only in the text.

export type SocketEnd =
  /** The client closed it, with a close frame. */
  | "client"
  /** The connection ended without one: an application that was killed, a tab that was closed. */
  | "cut"
  /** Reset: the network, or a proxy between. */
  | "reset"
  /** Nothing came for GATEWAY_IDLE_TIMEOUT_S, not even a pong. */
  | "silent"
  /** More than is read at all. */
  | "tooBig"
  /** No WebSocket frames. */
  | "notWebSocket";

const ABNORMAL = 1006;
const BY_WORDS: readonly [RegExp, SocketEnd][] = [
  [/TCP FIN/, "cut"],
  [/inactivity/, "silent"],
  [/too big/, "tooBig"],
  [/invalid/, "notWebSocket"],
];

/** `code` and `words` as uWebSockets gives them. */
export function socketEnd(code: number, words: string): SocketEnd {
  if (code !== ABNORMAL) return "client";
  return BY_WORDS.find(([pattern]) => pattern.test(words))?.[1] ?? "reset";
}
