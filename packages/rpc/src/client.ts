import type { DescMethodUnary, DescService } from "@bufbuild/protobuf";
import { type Client, type Interceptor, createClient } from "@connectrpc/connect";
import { commonError } from "@muster/errors";
import { type Component, type Criticality, type Metrics, currentBudget, remainingBudgetMs } from "@muster/runtime";
import { childOf, currentTrace, formatTraceparent, isRecording, startSpan } from "@muster/tracing";
import { Breaker } from "./breaker.ts";
import { Channel, type Resolve } from "./channel.ts";
import type { Pings } from "./connection.ts";
import { sendCriticality } from "./criticality.ts";
import { toAppError } from "./errors.ts";
import { MESSAGE_BYTES_MAX } from "./pages.ts";
import { mayRepeat, RepeatBudget } from "./repeats.ts";
import { rpcName } from "./rpc-name.ts";
import { createOwnTransport } from "./transport.ts";

export interface RpcClientOptions<S extends DescService> {
  readonly service: S;
  /** http://host:port; calls go round over all addresses of the host. */
  readonly baseUrl: string;
  /** The longest that any unary call may take; less when the caller has less left. */
  readonly timeoutMs: number;
  /** One of several instances that the caller knows by name: a call fails at once when this one is away. */
  readonly oneOfMany?: boolean;
  /** The caller can do without this service: when most calls fail, the others do at once instead of waiting for it (see Breaker). */
  readonly optional?: boolean;
  /** Of calls that no request has caused; those of a request are as critical as it is. Default: critical. */
  readonly criticality?: Criticality;
  /** Of the process: counts what is sent again. */
  readonly metrics?: Metrics;
  /** Instead of the system's: for tests. */
  readonly resolve?: Resolve;
  readonly resolveEveryMs?: number;
  /** Instead of the usual ones: for tests. */
  readonly pings?: Pings;
}

export interface RpcClient<S extends DescService> extends Component {
  readonly call: Client<S>;
  /** Of the admin server's `peers`: why the service cannot be asked, once it was wanted and could not. */
  check(): string | undefined;
}

/** Of a call's time, for a connection: the rest is for telling its caller that there is none, within the deadline. */
const WAIT_SHARE = 0.75;

/**
 * A client of one service over a connection to each of its addresses, which come back by themselves. Calls send the
 * current trace and at most the caller's remaining time; failures are AppErrors with the server's code, `unavailable` when
 * there was no answer. A call that fails on the way is sent again within its time where that is safe.
 */
export function createRpcClient<S extends DescService>(options: RpcClientOptions<S>): RpcClient<S> {
  const channel = new Channel(options);
  const transport = createOwnTransport(channel, {
    baseUrl: options.baseUrl,
    interceptors: [criticalityRule(options.criticality), traceRule(options.baseUrl)],
    messageBytesMax: MESSAGE_BYTES_MAX,
    waitShare: options.oneOfMany ? 0 : WAIT_SHARE,
  });
  const breaker = options.optional ? new Breaker() : undefined;
  const { call } = withDeadlines(createClient(options.service, transport), options, breaker);
  return {
    name: `client of ${options.service.typeName}`,
    call,
    check: () => channel.failure ?? breaker?.reason,
    async stop() {
      breaker?.stop();
      channel.stop();
    },
  };
}

function criticalityRule(usual: Criticality | undefined): Interceptor {
  return (next) => (req) => {
    sendCriticality(req.header, usual);
    return next(req);
  };
}

/** A span for each attempt of a unary call that is made for a trace: one that is sent again has several. */
function traceRule(baseUrl: string): Interceptor {
  const { hostname, port } = new URL(baseUrl);
  const server = { "rpc.system.name": "grpc", "server.address": hostname, "server.port": Number(port) };
  return (next) => async (req) => {
    const trace = currentTrace();
    if (!trace) return await next(req);
    if (req.stream || !isRecording()) {
      req.header.set("traceparent", formatTraceparent(childOf(trace)));
      return await next(req);
    }
    const name = rpcName(req);
    const span = startSpan({ name, kind: "client", attributes: { ...server, "rpc.method": name } }, trace);
    req.header.set("traceparent", formatTraceparent(span.context));
    try {
      const res = await next(req);
      span.end();
      return res;
    } catch (thrown) {
      span.end({ error: toAppError(thrown).code });
      throw thrown;
    }
  };
}

type AnyCall = (request: unknown, callOptions?: { timeoutMs?: number; signal?: AbortSignal }) => unknown;

/**
 * Wraps every unary method: Connect takes deadlines as call options only, and turns whatever an interceptor throws
 * into an error of its own.
 */
function withDeadlines<S extends DescService>(
  client: Client<S>,
  options: RpcClientOptions<S>,
  breaker: Breaker | undefined,
): { call: Client<S> } {
  const wrapped: Record<string, unknown> = {};
  const budget = new RepeatBudget(options.service.typeName, options.metrics);
  for (const [name, method] of Object.entries(options.service.method)) {
    const original = (client as Record<string, AnyCall>)[name];
    if (!original) continue;
    if (method.methodKind !== "unary") {
      wrapped[name] = original;
      continue;
    }
    const limited = withDeadline(original, method as DescMethodUnary, { capMs: options.timeoutMs, budget });
    wrapped[name] = breaker ? withBreaker(limited, breaker) : limited;
  }
  return { call: wrapped as Client<S> };
}

function withDeadline(
  call: AnyCall,
  method: DescMethodUnary,
  { capMs, budget }: { capMs: number; budget: RepeatBudget },
): AnyCall {
  return async (request, callOptions) => {
    const deadlineAt = performance.now() + remainingBudgetMs(callOptions?.timeoutMs ?? capMs);
    const leftMs = (): number => Math.floor(deadlineAt - performance.now());
    const signal = callOptions?.signal ?? currentBudget()?.signal;
    budget.earn();
    for (let attempt = 1; ; attempt++) {
      const timeoutMs = leftMs();
      if (timeoutMs < 1) throw commonError("deadline_exceeded");
      try {
        return await call(request, { ...callOptions, timeoutMs, ...(signal ? { signal } : {}) });
      } catch (thrown) {
        const err = toAppError(thrown);
        if (!(await mayRepeat(err, { method, attempt, leftMs, signal }, budget))) throw err;
      }
    }
  };
}

function withBreaker(call: AnyCall, breaker: Breaker): AnyCall {
  return (request, callOptions) => breaker.run(async () => call(request, callOptions));
}
