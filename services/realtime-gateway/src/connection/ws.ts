// On the hot path, for every message that comes and every frame that goes: design/realtime/performance.md.
//
// The only file that imports uWebSockets.js. It hides these properties: sends take Buffers only (this build sends some
// strings as raw Latin-1), a send can be dropped silently unless its result is checked, a closed socket throws on every use,
// and a message is only valid during its callback.
import { createServer } from "node:net";
import { INPUT_FRAME, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX } from "@muster/realtime";
import { continueTrace, formatTraceparent } from "@muster/tracing";
import uWS from "uWebSockets.js";
import type { Upgrade } from "./client-address.ts";
import { InputBatch } from "./input-batch.ts";

/** `queued`: taken, but the peer is behind; `dropped`: over the buffer limit, not taken. */
export type SendOutcome = "sent" | "queued" | "dropped";

export interface Socket {
  /** The bytes are copied or written before it returns. On a closed socket: `dropped`. */
  send(bytes: Uint8Array): SendOutcome;
  /** A WebSocket ping of at most 125 bytes: it comes back as a pong. */
  ping(payload: Uint8Array): SendOutcome;
  bufferedBytes(): number;
  /** Close frame, then the end. */
  end(code: number, reason: string): void;
  /** At once, without a close frame. */
  terminate(): void;
}

export interface Handlers<C> {
  /** @returns how long to stay away, seconds, or whose socket it will be */
  admit(upgrade: Upgrade): { readonly address: string } | { readonly status: Refusal; readonly retryAfterS: number };
  /** `token` when the client offered one as a sub-protocol; `address` is what admit said. */
  open(socket: Socket, token: string | undefined, address: string): C;
  /** Anything but an input. `bytes` is valid during the call only. */
  message(connection: C, bytes: Uint8Array, isBinary: boolean): void;
  /** A frame of type input is `bytes` from `from` to `to`, valid during the call only. */
  input(connection: C, bytes: Uint8Array, from: number, to: number): void;
  /** Sees whose inputs come next, before the first of them: see read-ahead.ts. */
  readAhead(sockets: readonly { readonly connection: C | undefined }[], count: number): void;
  /** A WebSocket ping, which is answered already. */
  ping(connection: C): void;
  /** `payload` is valid during the call only. */
  pong(connection: C, payload: Uint8Array): void;
  drain(connection: C): void;
  /** However it ended; `code` and `words` are uWebSockets' own. */
  close(connection: C, code: number, words: string): void;
}

export interface WsOptions {
  readonly host: string;
  readonly port: number;
  readonly idleTimeoutS: number;
  readonly sendBufferBytesMax: number;
  /** How long inputs are batched; 0: for the rest of the event-loop turn. */
  readonly inputBatchWindowMs: number;
  /** After a turn of the event loop that brought few inputs, the next one begins so much later; 0: at once. */
  readonly wakeUpCoalescingMs: number;
}

export interface WsServer {
  readonly port: number;
  /** No more sockets; those that are open go on. */
  close(): void;
  /** Cuts every connection, also those that never asked for a WebSocket: one that says nothing would keep the process for 10 s. */
  cutAll(): void;
}

interface UserData {
  token: string | undefined;
  readonly address: string;
}

/** Properties of our own on the addon's object: reading them is no call into it, as getUserData() is. */
interface Carrier<C> {
  connection: C | undefined;
  socket: UwsSocket | undefined;
}

/** The addon takes host and options together; its types do not say so. */
type ListenOnHost = (
  host: string,
  port: number,
  options: number,
  done: (token: uWS.us_listen_socket | false) => void,
) => void;

/** Instead of a socket, in the envelope of the REST contract. */
const REFUSALS = {
  "400 Bad Request": [
    "invalid_request",
    `This is the address of WebSockets: connect to it with ws:// or wss://, and offer the sub-protocol ${SUBPROTOCOL}.`,
  ],
  "404 Not Found": [
    "route_not_found",
    "There is no such path with this method; the API is described at /v1/openapi.yaml.",
  ],
  "429 Too Many Requests": ["busy", "Too many connections from this address; try again shortly."],
  "503 Service Unavailable": ["unavailable", "The service cannot answer right now."],
} as const;
type Refusal = keyof typeof REFUSALS;

function refuse(res: uWS.HttpResponse, status: Refusal, retryAfterS?: number): void {
  const [code, message] = REFUSALS[status];
  const trace = continueTrace(undefined);
  res.writeStatus(status).writeHeader("content-type", "application/json");
  // A page that fetches this address instead of opening a WebSocket is told so, whatever its origin.
  res.writeHeader("access-control-allow-origin", "*");
  res.writeHeader("access-control-expose-headers", "traceparent, retry-after");
  res.writeHeader("traceparent", formatTraceparent(trace)).writeHeader("cache-control", "no-store");
  if (retryAfterS !== undefined) res.writeHeader("retry-after", String(retryAfterS));
  res.end(Buffer.from(JSON.stringify({ error: { code, message, traceId: trace.traceId } })));
}

/** LIBUS_LISTEN_EXCLUSIVE_PORT: otherwise a second gateway on the same port would silently share its connections. */
const EXCLUSIVE_PORT = 1;
const PATH = "/v1/realtime";
/** Above the maximum frame size, so that the gateway can close with its own code; beyond this, uWebSockets.js just drops the connection. */
const PAYLOAD_BYTES_CUT = 64 * 1024;

/** @throws Error of Node's when the port is taken. */
export function listen<C>(options: WsOptions, handlers: Handlers<C>): Promise<WsServer> {
  const app = uWS.App();
  const inputs = inputBatchOf(options, handlers);
  app.ws<UserData>(PATH, {
    compression: uWS.DISABLED,
    maxPayloadLength: PAYLOAD_BYTES_CUT,
    maxBackpressure: options.sendBufferBytesMax,
    idleTimeout: options.idleTimeoutS,
    sendPingsAutomatically: true,
    upgrade(res, req, context) {
      const offered = req
        .getHeader("sec-websocket-protocol")
        .split(",")
        .map((part) => part.trim());
      if (!offered.includes(SUBPROTOCOL)) return refuse(res, "400 Bad Request");
      const peer = Buffer.from(res.getRemoteAddressAsText()).toString();
      const admission = handlers.admit({ peer, forwardedFor: req.getHeader("x-forwarded-for") });
      if (!("address" in admission)) return refuse(res, admission.status, admission.retryAfterS);
      const token = offered
        .find((part) => part.startsWith(TOKEN_SUBPROTOCOL_PREFIX))
        ?.slice(TOKEN_SUBPROTOCOL_PREFIX.length);
      res.upgrade<UserData>(
        { token, address: admission.address },
        req.getHeader("sec-websocket-key"),
        SUBPROTOCOL,
        req.getHeader("sec-websocket-extensions"),
        context,
      );
    },
    open(ws) {
      inputs.interrupt();
      const data = ws.getUserData();
      const carrier = ws as unknown as Carrier<C>;
      carrier.socket = new UwsSocket(ws);
      carrier.connection = handlers.open(carrier.socket, data.token, data.address);
      data.token = undefined;
    },
    message(ws, message, isBinary) {
      const bytes = new Uint8Array(message);
      if (isBinary && bytes[0] === INPUT_FRAME) return inputs.add(ws as unknown as Carrier<C>, bytes);
      inputs.interrupt();
      const { connection } = ws as unknown as Carrier<C>;
      if (connection !== undefined) handlers.message(connection, bytes, isBinary);
    },
    ping(ws) {
      const { connection } = ws as unknown as Carrier<C>;
      if (connection !== undefined) handlers.ping(connection);
    },
    pong(ws, payload) {
      const { connection } = ws as unknown as Carrier<C>;
      if (connection !== undefined) handlers.pong(connection, new Uint8Array(payload));
    },
    drain(ws) {
      const { connection } = ws as unknown as Carrier<C>;
      if (connection !== undefined) handlers.drain(connection);
    },
    close(ws, code, words) {
      const { connection, socket } = ws as unknown as Carrier<C>;
      socket?.markClosed(); // first: its last inputs may have to be answered
      inputs.interrupt();
      if (connection !== undefined) handlers.close(connection, code, Buffer.from(words).toString());
    },
  });
  app.any(PATH, (res) => refuse(res, "400 Bad Request"));
  app.any("/*", (res) => refuse(res, "404 Not Found"));
  return new Promise((resolve, reject) => {
    const listenOn = app.listen.bind(app) as unknown as ListenOnHost;
    listenOn(options.host, options.port, EXCLUSIVE_PORT, (token) => {
      if (!token) return void whyNot(options).then(reject);
      let listening = true;
      const close = (): void => {
        if (listening) uWS.us_listen_socket_close(token);
        listening = false;
      };
      resolve({ port: uWS.us_socket_local_port(token), close, cutAll: () => (close(), app.close()) });
    });
  });
}

/** The addon does not say why it cannot listen; Node does. */
function whyNot({ host, port }: { host: string; port: number }): Promise<Error> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", resolve);
    server.listen({ host, port, exclusive: true }, () => {
      server.close(() => resolve(new Error(`port ${port} of ${host} could not be listened on`)));
    });
  });
}

function inputBatchOf<C>(
  { inputBatchWindowMs, wakeUpCoalescingMs }: WsOptions,
  handlers: Handlers<C>,
): InputBatch<Carrier<C>> {
  const never = new Int32Array(new SharedArrayBuffer(4));
  return new InputBatch<Carrier<C>>(
    {
      input({ connection }, bytes, from, to) {
        if (connection !== undefined) handlers.input(connection, bytes, from, to);
      },
      readAhead: (sockets, count) => handlers.readAhead(sockets, count),
    },
    {
      afterWindow: inputBatchWindowMs > 0 ? (flush) => setTimeout(flush, inputBatchWindowMs) : setImmediate,
      afterTurn: setImmediate,
      coalesceWakeUps() {
        if (wakeUpCoalescingMs > 0) Atomics.wait(never, 0, 0, wakeUpCoalescingMs);
      },
    },
  );
}

/** By what uWebSockets answers. */
const OUTCOMES: readonly SendOutcome[] = ["queued", "sent", "dropped"];

class UwsSocket implements Socket {
  readonly #ws: uWS.WebSocket<UserData>;
  #closed = false;

  constructor(ws: unknown) {
    this.#ws = ws as uWS.WebSocket<UserData>;
  }

  send(bytes: Uint8Array): SendOutcome {
    if (this.#closed) return "dropped";
    return OUTCOMES[this.#ws.send(bytes, true)] as SendOutcome;
  }

  ping(payload: Uint8Array): SendOutcome {
    if (this.#closed) return "dropped";
    return OUTCOMES[this.#ws.ping(payload)] as SendOutcome;
  }

  bufferedBytes(): number {
    return this.#closed ? 0 : this.#ws.getBufferedAmount();
  }

  end(code: number, reason: string): void {
    if (!this.#closed) this.#ws.end(code, Buffer.from(reason));
  }

  terminate(): void {
    if (!this.#closed) this.#ws.close();
  }

  markClosed(): void {
    this.#closed = true;
  }
}
