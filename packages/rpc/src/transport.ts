// The gRPC transport over our own connections. Failures between this process and the other one are reported as such:
// unavailable, with the information whether the request may have been processed.
import { type ClientHttp2Stream, constants, type OutgoingHttpHeaders } from "node:http2";
import { Code, ConnectError, type Interceptor, type Transport } from "@connectrpc/connect";
import type { UniversalClientFn, UniversalClientRequest, UniversalClientResponse } from "@connectrpc/connect/protocol";
import { createTransport } from "@connectrpc/connect/protocol-grpc";
import { createNodeHttpClient } from "@connectrpc/connect-node";
import { type Channel, NotConnectedError } from "./channel.ts";

/** The cause of the error of a call that did not get an answer. */
export class TransportFailure extends Error {
  override readonly name = "TransportFailure";
  /** True when the request was surely not served: any method may be called again. */
  readonly neverServed: boolean;

  constructor(neverServed: boolean, cause: unknown) {
    super(neverServed ? "the request was not served" : "the connection was lost during the call", { cause });
    this.neverServed = neverServed;
  }
}

export interface TransportOptions {
  readonly baseUrl: string;
  readonly interceptors: Interceptor[];
  readonly messageBytesMax: number;
  /** How long a stream may wait for a connection, as a part of STREAM_WAIT_MS. Who calls has waited already. */
  readonly waitShare: number;
}

/** For a stream, which has no deadline. */
const STREAM_WAIT_MS = 3000;
/** What Node says when a stream was never the server's: not sent, or refused by it. */
const NEVER_SERVED = new Set(["ERR_HTTP2_GOAWAY_SESSION", "ERR_HTTP2_INVALID_SESSION", "ECONNREFUSED"]);

export function createOwnTransport(channel: Channel, options: TransportOptions): Transport {
  return createTransport({
    baseUrl: options.baseUrl,
    httpClient: reliable(channel, options.waitShare),
    useBinaryFormat: true,
    interceptors: options.interceptors,
    acceptCompression: [], // inside one network gzip costs more than the bytes that it saves
    sendCompression: null,
    compressMinBytes: Number.MAX_SAFE_INTEGER,
    readMaxBytes: options.messageBytesMax,
    writeMaxBytes: options.messageBytesMax,
  });
}

function reliable(channel: Channel, waitShare: number): UniversalClientFn {
  return async (request) => {
    try {
      const isStream = request.header.get("grpc-timeout") === null;
      await channel.ready(isStream ? STREAM_WAIT_MS * waitShare : 0, request.signal);
      const { promise: closed, reject } = Promise.withResolvers<never>();
      const session = new WatchedSession(channel, reject);
      const send = createNodeHttpClient({ httpVersion: "2", sessionProvider: () => session as never });
      const response = await Promise.race([send(request), closed]);
      return { ...response, body: watched(request, response, () => session.answerEnded()) };
    } catch (err) {
      throw failureOf(err, request.signal);
    }
  };
}

/**
 * For one request, as connect-node wants it, without two of its waits, which for a stream no deadline would end:
 * - it waits for ever for the answer of a stream that closes before it without an error code;
 * - it never ends its own half of a stream whose answer ends while a message is being written. The server would keep the stream until the
 *   connection is lost, and could not stop.
 */
class WatchedSession {
  readonly authority: string;
  readonly #channel: Channel;
  readonly #onUnanswered: (err: Error) => void;
  #stream: ClientHttp2Stream | undefined;

  constructor(channel: Channel, onUnanswered: (err: Error) => void) {
    this.authority = channel.authority;
    this.#channel = channel;
    this.#onUnanswered = onUnanswered;
  }

  async request(method: string, path: string, headers: OutgoingHttpHeaders): Promise<ClientHttp2Stream> {
    const stream = await this.#channel.request(method, path, headers);
    this.#stream = stream;
    let answered = false;
    stream.once("response", () => (answered = true));
    stream.once("close", () => {
      // Where there is an error code, connect-node says it, and it says more.
      if (!answered) setImmediate(() => this.#onUnanswered(new Error("the stream was closed before an answer")));
    });
    return stream;
  }

  /** Read to its end. A caller that closes its half because of that has its turn first. */
  answerEnded(): void {
    setImmediate(() => {
      const stream = this.#stream;
      if (stream && !stream.writableEnded && !stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    });
  }

  /** The connections look by themselves whether they are alive. */
  notifyResponseByteRead(): void {}
}

/** An answer that ends without its status was cut off. */
function watched(
  { signal }: UniversalClientRequest,
  response: UniversalClientResponse,
  onEnd: () => void,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      const inner = response.body[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const result = await inner.next();
            if (result.done === true) onEnd();
            if (result.done === true && response.status === 200 && !hasStatus(response))
              throw new Error("the answer ended without a status");
            return result;
          } catch (err) {
            throw failureOf(err, signal);
          }
        },
        throw: (err) => inner.throw?.(err) ?? Promise.reject(err as Error),
      };
    },
  };
}

function hasStatus({ header, trailer }: UniversalClientResponse): boolean {
  return trailer.has("grpc-status") || header.has("grpc-status");
}

function failureOf(err: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted || hasFailure(err)) return err;
  const cause = new TransportFailure(isNeverServed(err), err);
  return new ConnectError(cause.message, Code.Unavailable, undefined, undefined, cause);
}

function isNeverServed(err: unknown): boolean {
  for (let at: unknown = err; at instanceof Error; at = at.cause) {
    if (at instanceof NotConnectedError || NEVER_SERVED.has(String((at as { code?: unknown }).code))) return true;
    if (at.message.includes("REFUSED_STREAM")) return true;
  }
  return false;
}

function hasFailure(err: unknown): boolean {
  return transportFailureOf(err) !== undefined;
}

/** Undefined when the other side did answer. */
export function transportFailureOf(err: unknown): TransportFailure | undefined {
  for (let at: unknown = err; at instanceof Error; at = at.cause) if (at instanceof TransportFailure) return at;
  return undefined;
}
