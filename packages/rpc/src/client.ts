import type { DescService } from "@bufbuild/protobuf";
import { type Client, type Interceptor, createClient } from "@connectrpc/connect";
import { Http2SessionManager, createGrpcTransport } from "@connectrpc/connect-node";
import { commonError } from "@muster/errors";
import type { AppPart } from "@muster/runtime";
import { childOf, currentTrace, formatTraceparent } from "@muster/tracing";
import { currentBudget, remainingBudgetMs } from "./budget.ts";
import { toAppError } from "./errors.ts";

export interface RpcClientOptions<S extends DescService> {
  readonly service: S;
  /** http://host:port */
  readonly baseUrl: string;
  /** The longest that any unary call may take; less when the caller has less left. */
  readonly timeoutMs: number;
}

export interface RpcClient<S extends DescService> extends AppPart {
  readonly call: Client<S>;
}

const MESSAGE_BYTES_MAX = 256 * 1024;
const PING_INTERVAL_MS = 10_000;
const PING_TIMEOUT_MS = 3000;

/**
 * A client of one service over one HTTP/2 connection, which comes back by itself. Calls send the current trace and
 * at most the caller's remaining time; failures are AppErrors with the server's code.
 */
export function createRpcClient<S extends DescService>(options: RpcClientOptions<S>): RpcClient<S> {
  const sessionManager = new Http2SessionManager(options.baseUrl, {
    pingIntervalMs: PING_INTERVAL_MS,
    pingTimeoutMs: PING_TIMEOUT_MS,
    idleConnectionTimeoutMs: 24 * 3600 * 1000,
  });
  const transport = createGrpcTransport({
    baseUrl: options.baseUrl,
    sessionManager,
    interceptors: [traceRule()],
    acceptCompression: [],
    readMaxBytes: MESSAGE_BYTES_MAX,
    writeMaxBytes: MESSAGE_BYTES_MAX,
  });
  const { call } = withDeadlines(createClient(options.service, transport), options);
  return {
    name: `client of ${options.service.typeName}`,
    call,
    stop: async () => sessionManager.abort(),
  };
}

function traceRule(): Interceptor {
  return (next) => (req) => {
    const trace = currentTrace();
    if (trace) req.header.set("traceparent", formatTraceparent(childOf(trace)));
    return next(req);
  };
}

type AnyCall = (request: unknown, callOptions?: { timeoutMs?: number; signal?: AbortSignal }) => unknown;

/**
 * Wraps every unary method: Connect takes deadlines as call options only, and turns whatever an interceptor throws
 * into an error of its own.
 */
function withDeadlines<S extends DescService>(client: Client<S>, options: RpcClientOptions<S>): { call: Client<S> } {
  const wrapped: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(options.service.method)) {
    const original = (client as Record<string, AnyCall>)[name];
    if (!original) continue;
    wrapped[name] = method.methodKind === "unary" ? withDeadline(original, options.timeoutMs) : original;
  }
  return { call: wrapped as Client<S> };
}

function withDeadline(call: AnyCall, capMs: number): AnyCall {
  return async (request, callOptions) => {
    const timeoutMs = Math.floor(remainingBudgetMs(callOptions?.timeoutMs ?? capMs));
    if (timeoutMs < 1) throw commonError("deadline_exceeded");
    const signal = callOptions?.signal ?? currentBudget()?.signal;
    try {
      return await call(request, { ...callOptions, timeoutMs, ...(signal ? { signal } : {}) });
    } catch (thrown) {
      throw toAppError(thrown);
    }
  };
}
