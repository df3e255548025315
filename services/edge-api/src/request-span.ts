import type { IncomingMessage, ServerResponse } from "node:http";
import { continueTrace, isRecording, parseTraceparent, type Span, startSpan } from "@muster/tracing";

/** Requested every few seconds by monitoring. */
const UNRECORDED: ReadonlySet<string> = new Set(["/system/healthz"]);

/** The span of a REST request: it ends with the answer, or with the caller's connection. */
export function startRequestSpan(request: IncomingMessage, response: ServerResponse, route: string): Span {
  const traceparent = request.headers["traceparent"] as string | undefined;
  if (!isRecording() || UNRECORDED.has(route)) return { context: continueTrace(traceparent), end: () => {} };
  const method = request.method ?? "";
  const span = startSpan(
    { name: `${method} ${route}`, kind: "server", attributes: { "http.request.method": method, "http.route": route } },
    parseTraceparent(traceparent),
  );
  response.once("close", () => {
    const { statusCode, writableFinished } = response;
    const error = writableFinished ? (statusCode >= 500 ? String(statusCode) : undefined) : "client_gone";
    span.end({ error, attributes: { "http.response.status_code": statusCode } });
  });
  return span;
}
