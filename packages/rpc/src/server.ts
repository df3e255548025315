import type { Http2Server, ServerHttp2Session } from "node:http2";
import type { DescMethod } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  type Interceptor,
  type StreamRequest,
  type UnaryRequest,
} from "@connectrpc/connect";
import { fastifyConnectPlugin } from "@connectrpc/connect-fastify";
import { createValidateInterceptor } from "@connectrpc/validate";
import { AppError } from "@muster/errors";
import type { Logger } from "@muster/log";
import { type Component, currentAdmission, type LoadShedder, type Metrics, withBudget } from "@muster/runtime";
import { continueTrace, parseTraceparent, type Span, startSpan, withTrace } from "@muster/tracing";
import { fastify } from "fastify";
import { Histogram } from "prom-client";
import { canonicalIds } from "./canonical-ids.ts";
import { toConnectError } from "./errors.ts";
import { parseGrpcTimeout } from "./grpc-timeout.ts";
import { MESSAGE_BYTES_MAX } from "./pages.ts";
import { rpcName } from "./rpc-name.ts";
import { addAdmission } from "./shed.ts";

export interface RpcServer extends Component {
  readonly url: string;
}

export interface RpcServerOptions {
  readonly host: string;
  readonly port: number;
  readonly routes: (router: ConnectRouter) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Polled as a matter of routine: they are logged at debug while they succeed, so that the rest can be read. */
  readonly quietMethods?: readonly DescMethod[];
  /** Refuses calls when the process has too much to do; without it none. */
  readonly shedder?: LoadShedder;
  /** Their bulkheads are fair to those who ask, which a limit for all is not: it does not apply to them, only the guard of the event loop does. */
  readonly limitedElsewhere?: readonly DescMethod[];
  /** Instead of CONNECTION_AGE_MS: for tests. */
  readonly connectionAgeMs?: number;
}

/** For a caller that names no deadline. */
const DEFAULT_DEADLINE_MS = 5000;
/** The longest deadline that a caller may name; streams have none. */
const DEADLINE_MS_MAX = 60_000;
/** On stop: how long calls in flight may go on; then they fail as unavailable. */
const DRAIN_MS_MAX = 2000;
/** And how long after that a client may take to let go of its streams; then its connection is cut. */
const LET_GO_MS_MAX = 1000;
/**
 * A connection that is older takes no new calls: its client makes another one, and finds the instances that have come since.
 * Calls and streams that are open on it go on to their end. Up to a fifth more or less, so that not all come at once.
 */
const CONNECTION_AGE_MS = 300_000;
/**
 * Calls in flight over all connections of a process; each connection has its share of them, and what is beyond waits at its
 * caller, within the caller's deadline. Without it the whole backlog of a caller is read and begun in one turn of the event
 * loop, before any timer: at a millisecond a call, a few thousand of them stop a process for seconds.
 */
const CALLS_MAX = 256;
/** However many connections there are. */
const CALLS_PER_CONNECTION_MIN = 16;

/** gRPC over HTTP/2 without TLS (h2c), with validation, trace, deadline, log and error rules. */
export function createRpcServer(options: RpcServerOptions): RpcServer {
  const server = fastify({ http2: true, logger: false });
  shareCalls(server.server);
  limitAge(server.server, options.connectionAgeMs ?? CONNECTION_AGE_MS);
  const connections = openConnections(server.server);
  const routes = addAdmission(server, options.routes, options.shedder, options.limitedElsewhere);
  const shutdown = new AbortController();
  let url = "";
  return {
    name: "rpc server",
    get url() {
      return url;
    },
    async start() {
      await server.register(fastifyConnectPlugin, {
        routes,
        interceptors: [callRules(options), canonicalIds(), createValidateInterceptor()],
        readMaxBytes: MESSAGE_BYTES_MAX,
        writeMaxBytes: MESSAGE_BYTES_MAX,
        acceptCompression: [], // inside one network gzip costs more than the bytes that it saves
        maxTimeoutMs: DEADLINE_MS_MAX,
        shutdownSignal: shutdown.signal,
        connect: false,
        grpcWeb: false,
      });
      url = await server.listen({ host: options.host, port: options.port });
      options.log.info({ url }, "rpc server is listening");
    },
    async stop() {
      const timer = setTimeout(
        () => shutdown.abort(new ConnectError("the server is stopping", Code.Unavailable)),
        DRAIN_MS_MAX,
      );
      const last = setTimeout(() => {
        options.log.warn({ connections: connections.size }, "clients did not let go of their streams: cut off");
        for (const connection of connections) connection.destroy();
      }, DRAIN_MS_MAX + LET_GO_MS_MAX);
      await server.close();
      clearTimeout(timer);
      clearTimeout(last);
    },
  };
}

function openConnections(server: Http2Server): ReadonlySet<ServerHttp2Session> {
  const open = new Set<ServerHttp2Session>();
  server.on("session", (session) => {
    open.add(session);
    session.once("close", () => open.delete(session));
  });
  return open;
}

function limitAge(server: Http2Server, ageMs: number): void {
  server.on("session", (session) => {
    const timer = setTimeout(() => session.close(), ageMs * (0.8 + Math.random() * 0.4)).unref();
    session.once("close", () => clearTimeout(timer));
  });
}

/** Of the calls, for each of so many connections: the same for 9 as for 16, so that not all are told whenever one comes or goes. */
function shareOf(connections: number): number {
  return Math.max(CALLS_PER_CONNECTION_MIN, CALLS_MAX / 2 ** Math.ceil(Math.log2(Math.max(1, connections))));
}

function shareCalls(server: Http2Server): void {
  /** What each was told last, and whether it has not confirmed that: Node ends a session that owes a few confirmations. */
  const sessions = new Map<ServerHttp2Session, { told: number; asked: boolean }>();
  const tell = (session: ServerHttp2Session): void => {
    const state = sessions.get(session);
    const maxConcurrentStreams = shareOf(sessions.size);
    if (!state || state.asked || state.told === maxConcurrentStreams || session.destroyed || session.closed) return;
    state.asked = true;
    state.told = maxConcurrentStreams;
    session.settings({ maxConcurrentStreams }, () => {
      state.asked = false;
      tell(session); // what has changed meanwhile
    });
  };
  const tellAll = (): void => {
    for (const session of sessions.keys()) tell(session);
  };
  server.on("session", (session) => {
    sessions.set(session, { told: 0, asked: false });
    session.once("close", () => {
      sessions.delete(session);
      tellAll();
    });
    tellAll();
  });
}

function callRules({ log, metrics, quietMethods = [] }: RpcServerOptions): Interceptor {
  const duration = new Histogram({
    name: "rpc_server_duration_seconds",
    help: "Time from the start of a request to the end of its response",
    labelNames: ["rpc", "code"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [metrics],
  });
  return (next) => (req) => {
    const rpc = rpcName(req);
    const span = spanOf(req, rpc);
    const startedAt = performance.now();
    const finish = (code: string, thrown?: unknown): void => {
      const durationMs = performance.now() - startedAt;
      duration.observe({ rpc, code }, durationMs / 1000);
      const fields = { rpc, code, durationMs: Math.round(durationMs * 100) / 100 };
      if (thrown !== undefined) logFailure(log, fields, thrown);
      else log[quietMethods.includes(req.method) ? "debug" : "info"](fields, "rpc");
    };
    const timeoutMs = parseGrpcTimeout(req.header.get("grpc-timeout")) ?? DEFAULT_DEADLINE_MS;
    const admission = req.stream ? undefined : currentAdmission();
    admission?.serve();
    const handle = async (): ReturnType<typeof next> => {
      try {
        const res = await next(req);
        admission?.end(false);
        finish("ok");
        span.end();
        return res;
      } catch (thrown) {
        admission?.end(true);
        const err = toConnectError(thrown);
        const code = err.metadata.get("muster-error-code") ?? Code[err.code];
        finish(code, thrown);
        // As OpenTelemetry means it: a refusal is no failure of the server's.
        span.end(FAULTS.has(err.code) ? { error: code } : { attributes: { "muster.error.code": code } });
        throw err;
      }
    };
    return withTrace(span.context, () => {
      if (req.stream) return handle();
      const { signal, done } = untilDone(req.signal);
      return withBudget({ deadlineAt: startedAt + timeoutMs, signal }, handle).finally(done);
    });
  };
}

/** Aborts when the caller has gone or its time is up. Connect's own aborts as well when the call has ended, with what was begun beside it. */
function untilDone(outer: AbortSignal): { readonly signal: AbortSignal; done(): void } {
  const gone = new AbortController();
  const onAbort = (): void => gone.abort(outer.reason);
  if (outer.aborted) onAbort();
  else outer.addEventListener("abort", onAbort, { once: true });
  return { signal: gone.signal, done: () => outer.removeEventListener("abort", onAbort) };
}

const FAULTS: ReadonlySet<Code> = new Set([
  Code.Unknown,
  Code.DeadlineExceeded,
  Code.Unimplemented,
  Code.Internal,
  Code.Unavailable,
  Code.DataLoss,
]);

/** Of a unary call. A stream goes on for hours, and what it carries has spans of its own. */
function spanOf(req: UnaryRequest | StreamRequest, name: string): Span {
  const traceparent = req.header.get("traceparent");
  if (req.stream) return { context: continueTrace(traceparent), end: () => {} };
  const attributes = { "rpc.system.name": "grpc", "rpc.method": name };
  return startSpan({ name, kind: "server", attributes }, parseTraceparent(traceparent));
}

function logFailure(log: Logger, fields: { rpc: string; code: string; durationMs: number }, thrown: unknown): void {
  const refused = thrown instanceof AppError || thrown instanceof ConnectError;
  if (thrown instanceof AppError && thrown.row.grpc === "unavailable")
    // What it depends on is away: its message says which, a stack would say nothing more.
    log.warn(
      { ...fields, reason: thrown.cause instanceof Error ? thrown.cause.message : thrown.message },
      "rpc failed",
    );
  else if (refused) log.info({ ...fields, reason: thrown.message }, "rpc refused");
  else log.error({ ...fields, err: thrown }, "rpc failed");
}
