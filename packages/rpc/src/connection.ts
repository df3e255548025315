// One HTTP/2 connection to one address. Node's own rules do most of the work: after a GOAWAY the session accepts no new
// streams, streams that the server will not process end as REFUSED_STREAM, and the others continue.
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type OutgoingHttpHeaders,
} from "node:http2";
import { type LookupFunction, isIP } from "node:net";

/** How often the other side is asked whether it is still there, and how long an answer may take before it is given up. */
export interface Pings {
  readonly everyMs: number;
  readonly answerMsMax: number;
}

export interface ConnectionOptions {
  readonly origin: string;
  readonly address: string;
  readonly connectMs: number;
  /** Called once, when no new stream can be had any more. */
  readonly onGone: () => void;
  readonly pings?: Pings | undefined;
}

const PINGS: Pings = { everyMs: 10_000, answerMsMax: 3000 };

export class Connection {
  /** Resolves when it can be used; rejects when it could not be made. */
  readonly ready: Promise<void>;
  readonly #session: ClientHttp2Session;
  readonly #pings: Pings;
  #connected = false;
  /** It was given up because the other side did not answer a ping. */
  unresponsive = false;
  #streams = 0;
  #pinging: NodeJS.Timeout | undefined;

  constructor({ origin, address, connectMs, onGone, pings = PINGS }: ConnectionOptions) {
    this.#pings = pings;
    const session = connect(origin, { lookup: always(address) });
    this.#session = session;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.ready = promise;
    const late = setTimeout(
      () => session.destroy(Object.assign(new Error(`no connection within ${connectMs} ms`), { code: "ETIMEDOUT" })),
      connectMs,
    );
    let gone = false;
    const end = (): void => {
      clearTimeout(late);
      clearInterval(this.#pinging);
      if (gone) return;
      gone = true;
      if (this.#connected) onGone();
    };
    // These stay for as long as the session exists: an error that it tells late, after it was given up, would end the process.
    session.on("error", (err) => (end(), reject(err)));
    session.on("close", () => (end(), reject(new Error("the connection was closed"))));
    session.on("goaway", end);
    session.once("connect", () => {
      clearTimeout(late);
      if (session.destroyed || session.closed) return;
      this.#connected = true;
      session.unref(); // an idle connection keeps no process alive
      this.#pinging = setInterval(() => this.#ping(), pings.everyMs).unref();
      resolve();
    });
  }

  /** Takes new streams. */
  get usable(): boolean {
    return this.#connected && !this.#session.closed && !this.#session.destroyed;
  }

  get streams(): number {
    return this.#streams;
  }

  /** @throws Error when the session just ended: nothing was sent. */
  request(headers: OutgoingHttpHeaders): ClientHttp2Stream {
    const stream = this.#session.request(headers);
    if (this.#streams++ === 0) this.#session.ref();
    stream.once("close", () => {
      if (--this.#streams === 0 && !this.#session.destroyed) this.#session.unref();
    });
    return stream;
  }

  /** No new streams; it ends with the last one that is open. */
  retire(): void {
    if (!this.#session.closed && !this.#session.destroyed) this.#session.close();
  }

  /** Its streams end with the reason as their error: without one they would just close, which is no end to who waits for an answer. */
  destroy(reason: string): void {
    if (!this.#session.destroyed) this.#session.destroy(new Error(reason), constants.NGHTTP2_CANCEL);
  }

  #ping(): void {
    if (this.#session.destroyed) return;
    // One turn more: when it was this process that stood still, the answer lies there unread.
    const late = setTimeout(() => setImmediate(() => setImmediate(giveUp)), this.#pings.answerMsMax).unref();
    let answered = false;
    const giveUp = (): void => {
      if (answered) return;
      this.unresponsive = true;
      this.destroy("the other side does not answer a ping");
    };
    this.#session.ping(() => {
      answered = true;
      clearTimeout(late);
    });
  }
}

/** A lookup that knows one address. */
function always(address: string): LookupFunction {
  const family = isIP(address);
  return (_hostname, options, callback) => {
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };
}
