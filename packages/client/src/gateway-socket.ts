// One socket to one gateway: sends the hello, makes requests and passes on what it receives. It knows nothing about queues and matches.
import type { Error as Refusal, ServerControl } from "@muster/contracts/realtime/v1/client";
import {
  CONTROL_FRAME,
  decodeServerControl,
  encodeClientControl,
  PROTOCOL_VERSION,
  SUBPROTOCOL,
} from "@muster/realtime";
import { MusterError } from "./errors.ts";

export type ControlMessage = NonNullable<Parameters<typeof encodeClientControl>[0]["message"]>;

export interface SocketEvents {
  /** A snapshot. */
  onFrame(from: GatewaySocket, frame: Uint8Array): void;
  /** `asked`: the message answers a request; the request's promise is already settled. */
  onControl(from: GatewaySocket, control: ServerControl, asked: boolean): void;
  /** Called once, for a socket that was open. */
  onLost(from: GatewaySocket, reason: MusterError): void;
}

/** Returns a token that is valid for a while. `not`: a token not to return, because it has expired or soon will. */
export type TokenSource = (not?: string) => Promise<string>;

export interface OpenOptions {
  /** For tests: another WebSocket class. */
  readonly webSocket?: typeof WebSocket | undefined;
  readonly withinMs?: number;
  /** Called when the socket is open: of several sockets opened at once, only one may send the hello. */
  readonly mayGreet?: () => boolean;
}

interface Waiter {
  resolve(answer: ServerControl["message"]): void;
  reject(err: MusterError): void;
}

const OPEN_WITHIN_MS = 10_000;
const ANSWER_WITHIN_MS = 10_000;
/** A connection's token is renewed this long before it expires, or after half of its lifetime if that is later, … */
const RENEW_BEFORE_MS = 60_000;
/** … spread over this time, so that not all clients renew at once. */
const RENEW_SPREAD_MS = 30_000;
const RENEW_AGAIN_MS = 5000;
/** Assumed when the gateway does not say how long a token is valid. */
const LIFE_UNKNOWN_MS = 360_000;
const LIFE_MS_MAX = 86_400_000;

export class GatewaySocket {
  readonly #socket: WebSocket;
  readonly #events: SocketEvents;
  readonly #waiters = new Map<number, Waiter>();
  /** When the last message arrived, by performance.now(). */
  heardAt: number = performance.now();
  #nextRequestId = 1;
  #welcomed = false;
  #accessToken: string;
  readonly #token: TokenSource;
  #renewal: ReturnType<typeof setTimeout> | undefined;

  private constructor(socket: WebSocket, accessToken: string, token: TokenSource, events: SocketEvents) {
    this.#socket = socket;
    this.#accessToken = accessToken;
    this.#token = token;
    this.#events = events;
  }

  /** `onOpen` runs when the gateway has accepted the token, before any other message is read. @throws MusterError network, closed, unsupported, bad_url */
  static async open(
    url: string,
    accessToken: string,
    token: TokenSource,
    events: SocketEvents,
    onOpen: (socket: GatewaySocket) => void,
    options: OpenOptions = {},
  ): Promise<GatewaySocket> {
    const { withinMs = OPEN_WITHIN_MS, mayGreet = () => true } = options;
    const socket = newSocket(url, options.webSocket);
    socket.binaryType = "arraybuffer";
    const self = new GatewaySocket(socket, accessToken, token, events);
    const { promise, resolve, reject } = Promise.withResolvers<GatewaySocket>();
    const timer = setTimeout(() => {
      reject(new MusterError("timeout", `no connection to ${url} within ${withinMs} ms`));
      socket.close();
    }, withinMs);
    socket.addEventListener("open", () => {
      if (mayGreet()) return socket.send(encodeClientControl({ message: hello(accessToken) }));
      reject(new MusterError("network", "another connection was faster"));
      socket.close();
    });
    socket.addEventListener("message", (event: MessageEvent) => {
      const frame = new Uint8Array(event.data as ArrayBuffer);
      self.heardAt = performance.now();
      if (frame[0] !== CONTROL_FRAME) return self.#events.onFrame(self, frame);
      let control: ServerControl;
      try {
        control = decodeServerControl(frame);
      } catch (cause) {
        reject(new MusterError("network", `the server at ${url} is not a Muster gateway`, { cause }));
        return socket.close();
      }
      if (self.#welcomed) return self.#onControl(control);
      if (control.message.case !== "welcome") return;
      self.#welcomed = true;
      self.#renewLater(control.message.value.tokenEndsInMs);
      onOpen(self);
      resolve(self);
    });
    socket.addEventListener("close", (event: CloseEvent) => {
      const reason = event.reason || `the connection was closed with code ${event.code}`;
      const err = new MusterError("closed", reason, { status: event.code });
      reject(err);
      self.#onLost(err);
    });
    socket.addEventListener("error", () => reject(new MusterError("network", `no connection to ${url}`)));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The number of requests without an answer. */
  get asking(): number {
    return this.#waiters.size;
  }

  /** Sends nothing if the socket is closing: the client sends it again after the reconnect. */
  send(frame: Uint8Array): void {
    if (this.#socket.readyState === 1) this.#socket.send(frame as Uint8Array<ArrayBuffer>);
  }

  /** `onAnswer` receives a successful answer before any later frame is read. @throws MusterError timeout, closed, or the gateway's error */
  async ask(
    message: ControlMessage,
    onAnswer?: (answer: ServerControl["message"]) => void,
  ): Promise<ServerControl["message"]> {
    const requestId = this.#nextRequestId++;
    const { promise, resolve, reject } = Promise.withResolvers<ServerControl["message"]>();
    const timer = setTimeout(
      () => reject(new MusterError("timeout", `no answer to ${message.case} within ${ANSWER_WITHIN_MS} ms`)),
      ANSWER_WITHIN_MS,
    );
    this.#waiters.set(requestId, {
      resolve(answer) {
        onAnswer?.(answer);
        resolve(answer);
      },
      reject,
    });
    this.send(encodeClientControl({ requestId, message }));
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiters.delete(requestId);
    }
  }

  /** The token that was sent last. */
  get accessToken(): string {
    return this.#accessToken;
  }

  /** Sends a ping: any answer shows that the connection works. */
  probe(): void {
    this.send(encodeClientControl({ message: { case: "ping", value: { payload: 0n } } }));
  }

  close(code?: number): void {
    clearTimeout(this.#renewal);
    this.#socket.close(code);
  }

  /** The connection ends with its token. The gateway says how long the token is valid, so the device's clock does not matter. */
  #renewLater(tokenEndsInMs: number): void {
    const lifeMs = Math.min(tokenEndsInMs || LIFE_UNKNOWN_MS, LIFE_MS_MAX);
    const early = RENEW_BEFORE_MS + Math.random() * RENEW_SPREAD_MS;
    this.#renewIn(Math.max(lifeMs - early, lifeMs / 2));
  }

  #renewIn(ms: number): void {
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.renewToken(), Math.max(ms, 1000));
    (this.#renewal as { unref?: () => void }).unref?.();
  }

  /** Says hello with another token. Where that fails now, it is done again later. */
  async renewToken(): Promise<void> {
    try {
      const accessToken = await this.#token(this.#accessToken);
      if (this.#socket.readyState !== 1) return;
      const answer = await this.ask(hello(accessToken));
      this.#accessToken = accessToken;
      this.#renewLater(answer.case === "welcome" ? answer.value.tokenEndsInMs : 0);
    } catch {
      // The gateway closes the socket when the token expires; the reconnect then reports the error.
      if (this.#socket.readyState === 1) this.#renewIn(RENEW_AGAIN_MS);
    }
  }

  #onControl(control: ServerControl): void {
    const { requestId, message } = control;
    const waiter = this.#waiters.get(requestId);
    this.#waiters.delete(requestId);
    if (message.case === "error") waiter?.reject(refusalFrom(message.value));
    else waiter?.resolve(message);
    this.#events.onControl(this, control, waiter !== undefined);
  }

  #onLost(err: MusterError): void {
    clearTimeout(this.#renewal);
    if (!this.#welcomed) return;
    for (const waiter of this.#waiters.values()) waiter.reject(err);
    this.#waiters.clear();
    this.#events.onLost(this, err);
  }
}

/** Reports unusable arguments before it connects. @throws MusterError unsupported, bad_url */
function newSocket(url: string, Implementation: typeof WebSocket | undefined = globalThis.WebSocket): WebSocket {
  if (typeof Implementation !== "function")
    throw new MusterError("unsupported", "this platform has no WebSocket: pass one as `webSocket` to connect()");
  try {
    return new Implementation(url, SUBPROTOCOL);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MusterError("bad_url", `cannot connect to ${url}: ${reason}`, { cause });
  }
}

function hello(accessToken: string): ControlMessage {
  return { case: "hello", value: { accessToken, protocolVersion: PROTOCOL_VERSION, client: "muster-client" } };
}

function refusalFrom({ code, message, traceId, retryAfterMs }: Refusal): MusterError {
  return new MusterError(code, message, { traceId, details: retryAfterMs > 0 ? { retryAfterMs } : undefined });
}
