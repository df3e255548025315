export interface RealtimeOptions {
  /** How long to keep trying to reconnect after a lost connection. Default 30,000. */
  readonly reconnectWithinMs?: number;
  /** For tests: another WebSocket class, and another source of network events (`online`) than the browser's window. */
  readonly webSocket?: typeof WebSocket;
  readonly network?: EventTarget;
  /** For the support log: told what the server says about queue and match, in a few words. */
  readonly note?: (what: string) => void;
}
