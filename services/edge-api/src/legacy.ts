// The strangler proxy: requests that v2.0 does not serve, or no longer serves because their domain was switched back, go
// unchanged to the legacy origin. It runs before Fastify, because a parsed body cannot be forwarded unchanged.
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { commonError, HTTP_STATUS } from "@muster/errors";
import type { Logger } from "@muster/log";
import { createHttpCaller, DEPENDENCIES } from "@muster/resilience";
import { continueTrace, formatTraceparent, type TraceContext, withTrace } from "@muster/tracing";
import { startRequestSpan } from "./request-span.ts";
import type { Contract } from "./contract.ts";
import { envelope, headersOutsideRoutes, RETRY_AFTER_S } from "./errors.ts";

export interface LegacyOptions {
  /** http://host:port; undefined: there is no legacy origin. */
  readonly origin: string | undefined;
  /** Domains (tags of the contract) that the legacy origin serves again: the rollback. */
  readonly domains: readonly string[];
  /** Until the origin's first answer; a stream may go on for as long as it likes. */
  readonly answerWithinMs: number;
  readonly contract: Contract;
  readonly onAnswer: (method: string, status: number, durationMs: number) => void;
  readonly log: Logger;
}

export interface Legacy {
  /** True for what is not ours to answer. */
  takes(method: string, url: string): boolean;
  pass(request: IncomingMessage, response: ServerResponse): void;
  passUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Ends what was upgraded: nothing else tells these clients to come back. */
  stop(): void;
}

/** RFC 9110, 7.6.1: these are about one connection, not about the message. */
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);
/** Ours whatever the contract says. */
const OWN_PATHS: ReadonlySet<string> = new Set(["/v1/openapi.yaml", "/system/healthz"]);
/** The origin's own while there is one, whatever the contract says: players' front page is not taken away by a list of paths. */
const FRONT_PAGE = "/";

export function createLegacy(options: LegacyOptions): Legacy | undefined {
  const { origin, contract, log } = options;
  if (origin === undefined) return undefined;
  const ours = [...contract.operations.values()]
    .filter(({ domain, url }) => !options.domains.includes(domain) && url !== FRONT_PAGE)
    .map(({ method, url }) => ({
      method: String(method),
      path: new RegExp(`^${url.replaceAll(".", "\\.").replace(/:\w+/g, "[^/]+")}$`),
    }));

  const http = createHttpCaller(DEPENDENCIES["edge-api"]["legacy origin"].requests);
  const open = (request: IncomingMessage, trace: TraceContext, extra: readonly string[]): ClientRequest =>
    http.request(new URL(origin), {
      method: request.method ?? "GET",
      path: request.url ?? "/",
      headers: [...passedHeaders(request.rawHeaders), "traceparent", formatTraceparent(trace), ...extra],
      setDefaultHeaders: false,
    });

  const upgraded = new Set<Duplex>();

  const pass = (request: IncomingMessage, response: ServerResponse, trace: TraceContext): void => {
    const startedAt = performance.now();
    // Without a length the body was sent in chunks, and goes on in chunks.
    const chunked = request.headers["transfer-encoding"] === undefined ? [] : ["transfer-encoding", "chunked"];
    const upstream = open(request, trace, [...chunked, "connection", "close"]);
    const timer = setTimeout(() => upstream.destroy(commonError("deadline_exceeded")), options.answerWithinMs);
    upstream.once("response", (answer) => {
      clearTimeout(timer);
      const headers = passedHeaders(answer.rawHeaders).concat("traceparent", formatTraceparent(trace));
      response.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
      response.flushHeaders();
      answer.pipe(response);
      // Cut short over there is cut short here: the client must not take half an answer for a whole one.
      answer.once("error", () => response.destroy());
      options.onAnswer(request.method ?? "", answer.statusCode ?? 0, performance.now() - startedAt);
    });
    upstream.once("error", (err) => {
      clearTimeout(timer);
      if (response.headersSent || response.destroyed) return void response.destroy();
      const code = (err as { code?: string }).code === "deadline_exceeded" ? "deadline_exceeded" : "unavailable";
      log.error({ err, method: request.method, code }, "the legacy origin did not answer");
      const { status, headers, body } = failure(code);
      response.writeHead(status, headers).end(body);
      options.onAnswer(request.method ?? "", response.statusCode, performance.now() - startedAt);
    });
    response.once("close", () => upstream.destroy());
    request.pipe(upstream);
  };

  return {
    takes(method, url) {
      const path = url.split("?", 1)[0] as string;
      if (OWN_PATHS.has(path)) return false;
      // A preflight asks about the method that it names.
      if (method === "OPTIONS") return !ours.some((operation) => operation.path.test(path));
      const served = method === "HEAD" ? "GET" : method;
      return !ours.some((operation) => operation.method === served && operation.path.test(path));
    },
    pass(request, response) {
      const { context } = startRequestSpan(request, response, "legacy");
      withTrace(context, () => pass(request, response, context));
    },
    passUpgrade(request, socket, head) {
      const trace = continueTrace(request.headers["traceparent"] as string | undefined);
      const upgrade = ["connection", "Upgrade", "upgrade", request.headers.upgrade ?? "websocket"];
      const upstream = open(request, trace, upgrade);
      upstream.once("upgrade", (answer, upstreamSocket, upstreamHead) => {
        socket.write(statusLine(answer));
        if (upstreamHead.length > 0) socket.write(upstreamHead);
        if (head.length > 0) upstreamSocket.write(head);
        join(socket, upstreamSocket);
        upgraded.add(socket);
        socket.once("close", () => upgraded.delete(socket));
      });
      upstream.once("response", (answer) => {
        socket.write(statusLine(answer));
        answer.pipe(socket);
      });
      upstream.once("error", (err) => {
        log.error({ err }, "the legacy origin did not accept a WebSocket upgrade");
        const { headers, body } = withTrace(trace, () => failure("unavailable"));
        const lines = Object.entries({ ...headers, connection: "close" }).map(
          ([name, value]) => `${name}: ${value}\r\n`,
        );
        socket.end(`HTTP/1.1 503 Service Unavailable\r\n${lines.join("")}\r\n${body}`);
      });
      socket.once("error", () => upstream.destroy());
      socket.once("close", () => upstream.destroy());
      upstream.end();
    },
    stop() {
      for (const socket of upgraded) socket.destroy();
    },
  };
}

/** Name and value in turn, as they came, duplicates and letters included; without what is about the connection. */
function passedHeaders(raw: readonly string[]): string[] {
  const named = new Set<string>();
  for (let i = 0; i < raw.length; i += 2)
    if (raw[i]?.toLowerCase() === "connection")
      for (const name of (raw[i + 1] as string).split(",")) named.add(name.trim().toLowerCase());
  const passed: string[] = [];
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    if (HOP_BY_HOP.has(name) || named.has(name) || name === "traceparent") continue;
    passed.push(raw[i] as string, raw[i + 1] as string);
  }
  return passed;
}

function statusLine(answer: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}`];
  for (let i = 0; i < answer.rawHeaders.length; i += 2)
    lines.push(`${answer.rawHeaders[i]}: ${answer.rawHeaders[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** Each side's end is the other's. */
function join(a: Duplex, b: Duplex): void {
  a.pipe(b);
  b.pipe(a);
  for (const [one, other] of [
    [a, b],
    [b, a],
  ] as const) {
    one.once("error", () => other.destroy());
    one.once("close", () => other.destroy());
  }
}

/** In the trace that is current. */
function failure(code: "unavailable" | "deadline_exceeded"): {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
} {
  const { message, row } = commonError(code);
  const status = HTTP_STATUS[row.grpc];
  const body = JSON.stringify(envelope({ code, message }));
  const headers = {
    ...headersOutsideRoutes(),
    "content-type": "application/json",
    "content-length": String(Buffer.byteLength(body)),
    ...(status === 503 ? { "retry-after": String(RETRY_AFTER_S) } : {}),
  };
  return { status, headers, body };
}
