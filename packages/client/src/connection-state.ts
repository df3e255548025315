// What an app is told of its realtime connection: whether it is there, and if not, why.
import type { MusterError } from "./errors.ts";

export type ConnectionState =
  /** Open; a match, a queue and chat have been resumed. */
  | { readonly state: "connected"; readonly reason?: undefined }
  /** Lost, and being opened again. Told again when there is another reason why it is still not open. */
  | { readonly state: "reconnecting"; readonly reason: MusterError }
  /** Closed for good: by the caller (`reason.code` is `closed`, its status 0), by the server, or because it could not be opened again in time. */
  | { readonly state: "closed"; readonly reason: MusterError };

export type ConnectionListener = (state: ConnectionState) => void;

export class ConnectionStates {
  readonly #listeners = new Set<ConnectionListener>();
  /** Undefined until the first connection is open. */
  #now: ConnectionState | undefined;

  /** Tells `listener` how it is now, and every change. @returns ends that */
  listen(listener: ConnectionListener): () => void {
    if (this.#now?.state !== "closed") this.#listeners.add(listener);
    if (this.#now) told(listener, this.#now);
    return () => void this.#listeners.delete(listener);
  }

  tell(state: ConnectionState): void {
    const before = this.#now;
    if (before?.state === "closed") return;
    if (before?.state === state.state && before.reason?.code === state.reason?.code) return;
    this.#now = state;
    const listeners = [...this.#listeners];
    if (state.state === "closed") this.#listeners.clear(); // nothing follows
    for (const listener of listeners) told(listener, state);
  }
}

/** An app's own fault must not keep the connection from coming back. It is reported as that of any event's listener. */
function told(listener: ConnectionListener, state: ConnectionState): void {
  try {
    listener(state);
  } catch (err) {
    setTimeout(() => {
      throw err;
    });
  }
}
