// The REST server. Every request is validated against the contract before its handler runs.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Readable } from "node:stream";
import cors from "@fastify/cors";
import { assert, must } from "@muster/errors";
import type { Logger } from "@muster/log";
import { withBudget } from "@muster/rpc";
import type { Metrics } from "@muster/runtime";
import type { TokenVerifier } from "@muster/tokens";
import { formatTraceparent, withTrace } from "@muster/tracing";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { Histogram } from "prom-client";
import { admissionTo, type Shedders } from "./admission.ts";
import { authenticate } from "./auth.ts";
import { connectionsOf } from "./closing.ts";
import { type Contract, KEY_HEADER, type Operation } from "./contract.ts";
import {
  EXPOSED_HEADERS,
  envelope,
  naming,
  RETRY_AFTER_S,
  refuseBadPath,
  refuseUnreadable,
  sendError,
} from "./errors.ts";
import { createOnce, type FinalAnswer, type Once, REPLAYED_HEADER } from "./idempotency.ts";
import { createLegacy, type Legacy, type LegacyOptions } from "./legacy.ts";
import { chatAdminHandlers } from "./routes/admin-chat.ts";
import { playerAdminHandlers } from "./routes/admin-players.ts";
import { eventHandlers } from "./routes/admin-events.ts";
import { suspectHandlers } from "./routes/admin-suspects.ts";
import { systemAdminHandlers } from "./routes/admin-system.ts";
import { adminHandlers } from "./routes/admin.ts";
import { chatHandlers } from "./routes/chat.ts";
import { deviceHandlers } from "./routes/devices.ts";
import type { Call, Clients, Handler, Handlers, OperationId } from "./routes/handler.ts";
import { matchHandlers } from "./routes/matches.ts";
import { playerHandlers } from "./routes/players.ts";
import { ratingHandlers } from "./routes/ratings.ts";
import { replayHandlers } from "./routes/replays.ts";
import { reportHandlers } from "./routes/reports.ts";
import { sessionHandlers } from "./routes/sessions.ts";
import { systemHandlers } from "./routes/system.ts";
import { startRequestSpan } from "./request-span.ts";
import { validators } from "./validators.ts";

export interface ServerParts {
  readonly contract: Contract;
  readonly clients: Clients;
  readonly tokens: TokenVerifier;
  readonly legacy: Pick<LegacyOptions, "origin" | "domains" | "answerWithinMs">;
  /** Origins of web games. */
  readonly corsOrigins: readonly string[];
  /** CIDRs of the ingress: who else sends X-Forwarded-For is not believed. */
  readonly trustedProxies: readonly string[];
  readonly deadlines: { readonly readMs: number; readonly writeMs: number };
  readonly shedders: Shedders;
  readonly metrics: Metrics;
  readonly log: Logger;
}

const BODY_BYTES_MAX = 16 * 1024;
const URL_PARAMETER_CHARS_MAX = 128;
const REQUEST_MS_MAX = 30_000;
/** Longer than the ingress keeps its idle connections (60 s): it must never send a request into one that we close. */
const KEEP_ALIVE_MS = 75_000;

const HANDLERS: Handlers<OperationId> = {
  ...sessionHandlers,
  ...deviceHandlers,
  ...adminHandlers,
  ...systemAdminHandlers,
  ...playerAdminHandlers,
  ...chatAdminHandlers,
  ...suspectHandlers,
  ...eventHandlers,
  ...reportHandlers,
  ...playerHandlers,
  ...matchHandlers,
  ...ratingHandlers,
  ...replayHandlers,
  ...chatHandlers,
  ...systemHandlers,
};

type AnyCall = Call<OperationId>;

export function createRestServer(parts: ServerParts): FastifyInstance {
  const duration = new Histogram({
    name: "http_server_duration_seconds",
    help: "Time from the start of a request to the end of its response",
    labelNames: ["method", "route", "status"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [parts.metrics],
  });
  const legacy = createLegacy({
    ...parts.legacy,
    contract: parts.contract,
    log: parts.log,
    onAnswer(method, status, durationMs) {
      duration.observe({ method, route: "legacy", status }, durationMs / 1000);
      parts.log.info({ method, route: "legacy", status, durationMs: Math.round(durationMs * 100) / 100 }, "request");
    },
  });
  const known = parts.contract.errorCodes;
  const server = fastify({
    serverFactory: (handler, options) => serverWith(legacy, handler, options),
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: URL_PARAMETER_CHARS_MAX },
    requestTimeout: REQUEST_MS_MAX,
    trustProxy: [...parts.trustedProxies],
    forceCloseConnections: "idle",
    // What can be fetched can be asked after: balancers and monitors send HEAD.
    exposeHeadRoutes: true,
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (thrown, request, reply) => refuseBadPath(thrown, request, reply, { known, log: parts.log }),
  });
  const letGo = connectionsOf(server.server);
  let closing = false;
  server.addHook("preClose", async () => {
    closing = true;
    legacy?.stop();
    letGo(Math.max(parts.deadlines.readMs, parts.deadlines.writeMs));
  });
  server.addHook("onSend", async (_request, reply) => {
    if (closing) void reply.header("connection", "close");
  });
  server.setValidatorCompiler(validators());
  takeEmptyBodies(server);
  server.removeContentTypeParser("text/plain"); // Fastify's own; a page may send it anywhere without being asked first
  server.setErrorHandler((thrown, request, reply) => sendError(thrown, request, reply, { known, log: parts.log }));
  server.setNotFoundHandler((_request, reply) => {
    const body = envelope({
      code: "route_not_found",
      message: "There is no such path with this method; the API is described at /v1/openapi.yaml.",
    });
    return reply.code(404).send(body);
  });
  addRequestRules(server, duration, parts);
  // Tokens travel in headers, never in cookies: a page of another origin can do nothing that its visitor could not do.
  void server.register(cors, {
    origin: parts.corsOrigins.map(originMatcher),
    methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowedHeaders: ["authorization", "content-type", "traceparent", "range", "if-range", "if-none-match", KEY_HEADER],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: 600,
    strictPreflight: false, // OPTIONS of who is no browser
  });
  const once = createOnce({
    identity: parts.clients.identity,
    deadlineMs: parts.deadlines.writeMs,
    known,
    metrics: parts.metrics,
    log: parts.log,
  });
  for (const operation of parts.contract.operations.values()) addOperation(server, operation, { ...parts, once });
  server.get("/v1/openapi.yaml", (_request, reply) => reply.type("application/yaml").send(parts.contract.yaml));
  server.get("/system/healthz", async (_request, reply) => {
    const health = await parts.clients.systemHealth();
    if (health.status !== "unhealthy") return reply.send({ status: health.status, processes: health.processes });
    const error = { code: "unavailable", message: "Not every process is healthy." };
    return reply
      .code(503)
      .header("retry-after", RETRY_AFTER_S)
      .send({ ...envelope(error), status: "unhealthy", processes: health.processes });
  });
  return server;
}

/** `:*` at the end is any port or none: what a page is served from while it is being written. */
function originMatcher(origin: string): string | RegExp {
  if (!origin.endsWith(":*")) return origin;
  const escaped = origin.slice(0, -2).replace(/[^a-zA-Z0-9]/g, "\\$&");
  return new RegExp(`^${escaped}(:[0-9]{1,5})?$`);
}

/** One server: what is the legacy origin's never reaches Fastify. */
function serverWith(
  legacy: Legacy | undefined,
  handler: (request: IncomingMessage, response: ServerResponse) => void,
  options: { requestTimeout?: number },
): Server {
  const times = { requestTimeout: options.requestTimeout ?? REQUEST_MS_MAX, keepAliveTimeout: KEEP_ALIVE_MS };
  const server = createServer(times, (request, response) => {
    if (legacy?.takes(request.method ?? "", request.url ?? "")) legacy.pass(request, response);
    else handler(request, response);
  });
  if (legacy) server.on("upgrade", (request, socket, head) => legacy.passUpgrade(request, socket, head));
  return server;
}

/** Many HTTP clients send a content type with every request: an empty body counts as no body, and a route that requires one refuses it itself. */
function takeEmptyBodies(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser("error", "error");
  server.addContentTypeParser("application/json", { parseAs: "string" }, (request, body, done) =>
    body === "" ? done(null, undefined) : parse(request, body as string, done),
  );
}

/** Trace, deadline and the log line, around every request. */
function addRequestRules(
  server: FastifyInstance,
  duration: Histogram<"method" | "route" | "status">,
  { deadlines, log }: ServerParts,
): void {
  server.addHook("onRequest", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    const { context: trace } = startRequestSpan(request.raw, reply.raw, route);
    void reply
      .header("traceparent", formatTraceparent(trace))
      .header("cache-control", "no-store")
      .header("x-content-type-options", "nosniff");
    const budgetMs = ["GET", "HEAD"].includes(request.method) ? deadlines.readMs : deadlines.writeMs;
    const gone = new AbortController();
    // Only who leaves early: an abort makes an error with a stack, and every answered request ends with "close" too.
    reply.raw.once("close", () => {
      if (!reply.raw.writableFinished) gone.abort();
    });
    withTrace(trace, () => withBudget({ deadlineAt: performance.now() + budgetMs, signal: gone.signal }, done));
  });
  server.addHook("onResponse", (request, reply, done) => {
    const route = request.routeOptions.url ?? "unknown";
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    if (route !== "/system/healthz") {
      log.info(
        {
          method: request.method,
          route,
          status: reply.statusCode,
          durationMs: Math.round(reply.elapsedTime * 100) / 100,
        },
        "request",
      );
    }
    done();
  });
}

function addOperation(
  server: FastifyInstance,
  operation: Operation,
  { clients, tokens, shedders, once }: ServerParts & { readonly once: Once },
): void {
  const { operationId } = operation;
  // Of whichever operation: its schemas, which are the contract's, check what comes and write what goes.
  const handlers = HANDLERS as Readonly<Record<string, Handler<OperationId>>>;
  const handler = must(handlers[operationId], `there is a handler for ${operationId}`);
  const callers = new WeakMap<FastifyRequest, AnyCall["caller"]>();
  server.route({
    method: operation.method,
    url: operation.url,
    schema: operation.schema,
    // Before the body is read, so that a refused or unauthenticated request costs as little as possible.
    onRequest: [
      admissionTo(operationId, shedders),
      async (request) => {
        if (operation.secured) callers.set(request, await authenticate(request, tokens));
      },
    ],
    handler: async (request, reply): Promise<FastifyReply> => {
      const call = {
        body: request.body ?? {},
        params: request.params,
        query: request.query,
        caller: callers.get(request),
        address: request.ip,
        isHead: request.method === "HEAD",
        header: (name: string) => headerOf(request, name),
      } as AnyCall;
      const answered = (): ReturnType<typeof handler> =>
        handler(call, clients).catch((thrown: unknown) => {
          throw naming(operationId, thrown);
        });
      const key = operation.takesKey ? call.header(KEY_HEADER) : undefined;
      if (key !== undefined) {
        const { params, query, body, caller } = call;
        const asked = { operationId, key, params, query, body: operation.schema.body ? body : undefined };
        const playerId = must(caller, "who has a key has a token").playerId;
        const { replayed, ...answer } = await once({ playerId, ...asked }, async () =>
          written(reply, await answered()),
        );
        if (replayed) void reply.header(REPLAYED_HEADER, "true");
        if (answer.body === "") return reply.code(answer.status).send();
        return reply.code(answer.status).type("application/json; charset=utf-8").send(answer.body);
      }
      const { status, body, cacheS, headers = {} } = await answered();
      if (cacheS !== undefined) void reply.header("cache-control", `public, max-age=${cacheS}`);
      void reply.code(status).headers(headers);
      // A handler that knows how long a body would be need not make it: Fastify counts every body but a stream.
      const isSized = call.isHead && (body === undefined || "content-length" in headers);
      return reply.send(isSized ? Readable.from([]) : body);
    },
  });
}

/** As it leaves. */
function written(reply: FastifyReply, { status, body }: Awaited<ReturnType<Handler<OperationId>>>): FinalAnswer {
  if (body === undefined) return { status, body: "" };
  const text = reply.code(status).serialize(body);
  assert(typeof text === "string", "what takes a key answers JSON");
  return { status, body: text };
}

/** Of one that came several times, the first. */
function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
