// Refuses calls of an overloaded process before anything of them is read, and tells their callers when to come back (gRPC's
// proposal A6: `grpc-retry-pushback-ms`).
import type { Http2Server, Http2ServerRequest, Http2ServerResponse } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError, type ConnectRouter } from "@connectrpc/connect";
import { type AppError, commonError } from "@muster/errors";
import { type LoadShedder, type Shed, withCriticality } from "@muster/runtime";
import type { FastifyInstance } from "fastify";
import { readCriticality, saysCriticality } from "./criticality.ts";
import { toConnectError } from "./errors.ts";

export const PUSHBACK = "grpc-retry-pushback-ms";

/**
 * Every call is served with its criticality. Only unary ones are refused: a stream is one call for hours, and what it carries has limits of its own.
 * @returns the routes, which have to be read for it
 */
export function addAdmission(
  server: FastifyInstance<Http2Server, Http2ServerRequest, Http2ServerResponse>,
  routes: (router: ConnectRouter) => void,
  shedder: LoadShedder | undefined,
  limitedElsewhere: readonly DescMethod[] = [],
): (router: ConnectRouter) => void {
  const unary = new Set<string>();
  const elsewhere = new Set<string>();
  server.addHook("onRequest", (request, reply, done) => {
    const criticality = readCriticality(request.headers);
    if (!shedder || !unary.has(request.url)) return withCriticality(criticality, done);
    const admission = shedder.admit(request.url, criticality, !elsewhere.has(request.url));
    if (admission.kind === "shed")
      return void reply
        .code(200)
        .headers(trailersOnly(admission, saysCriticality(request.headers)))
        .send();
    reply.raw.once("close", () => admission.closed());
    admission.run(done);
  });
  return (router) => {
    routes(router);
    for (const { method, requestPath } of router.handlers) {
      if (method.methodKind === "unary") unary.add(requestPath);
      if (limitedElsewhere.includes(method)) elsewhere.add(requestPath);
    }
  };
}

/** gRPC's answer without a message. A caller of a release before that knew of no criticality does not know the code either. */
function trailersOnly({ error, pushbackMs }: Shed, knowsCode: boolean): Record<string, string> {
  const told = knowsCode ? error : commonError("unavailable", { details: error.details ?? {} });
  const { metadata, code, rawMessage } = toConnectError(told);
  return {
    "content-type": "application/grpc+proto",
    ...Object.fromEntries(metadata),
    "grpc-status": String(code),
    "grpc-message": encodeURIComponent(rawMessage),
    [PUSHBACK]: String(pushbackMs),
  };
}

/**
 * When the callee wants the call again that it has just refused to begin, milliseconds. Undefined: it says nothing, or that it does not. What it
 * passes on of another process's refusal has none, so that only the layer directly above an overload repeats.
 */
export function pushbackMsOf({ cause }: AppError): number | undefined {
  const value = cause instanceof ConnectError ? cause.metadata.get(PUSHBACK) : null;
  return value !== null && /^\d{1,6}$/.test(value) ? Number(value) : undefined;
}
