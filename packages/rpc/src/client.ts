import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { type Client, type Interceptor, createClient } from "@connectrpc/connect";
import { type AppError, commonError } from "@muster/errors";
import { type Component, type Metrics, currentBudget, remainingBudgetMs } from "@muster/runtime";
import { childOf, currentTrace, formatTraceparent, isRecording, startSpan } from "@muster/tracing";
import type { Logger } from "@muster/log";
import { type Dependencies, type Dependency, isNone, nameOf, noteBuilt, rowOf } from "@muster/resilience";
import { Counter } from "prom-client";
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
  /** Rows of the table in packages/resilience: all figures of its calls. A method without a row cannot be called. */
  readonly dependency: Dependencies;
  /** One of several instances that the caller knows by name: a call fails at once when this one is away. */
  readonly oneOfMany?: boolean;
  /** Of the process: counts what is sent again, and shows the circuit breakers. */
  readonly metrics?: Metrics;
  /** Says when a circuit breaker opens and closes. */
  readonly log?: Logger;
  /** Instead of the system's: for tests. */
  readonly resolve?: Resolve;
  readonly resolveEveryMs?: number;
  readonly leftOutMs?: number;
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
/** For who is refused because too many calls are under way. */
const FULL_RETRY_S = 1;
/** A try that took so much of its time has ended because of it: both sides count it, and timers are not exact. */
const LATE_SHARE = 0.95;

/**
 * A client of one service over a connection to each of its addresses, which come back by themselves. Calls send the
 * current trace and at most the caller's remaining time; failures are AppErrors with the server's code, `unavailable` when
 * there was no answer. A call that fails on the way is sent again within its time where that is safe.
 */
export function createRpcClient<S extends DescService>(options: RpcClientOptions<S>): RpcClient<S> {
  const rows = Object.values(options.dependency);
  noteBuilt(rows);
  const connectMs = Math.max(...rows.map((row) => row.connectMs));
  const channel = new Channel({ ...options, connectMs, onLeftOut: leftOutRule(options) });
  const waitShare = options.oneOfMany ? 0 : WAIT_SHARE;
  const transport = createOwnTransport(channel, {
    baseUrl: options.baseUrl,
    interceptors: [criticalityRule(options.dependency), traceRule(options.baseUrl)],
    messageBytesMax: MESSAGE_BYTES_MAX,
    waitShare,
  });
  const parts = new Map(rows.map((row) => [row, partsOf(row, options)]));
  const call = withRules(createClient(options.service, transport), options, (row) => ({
    ...(parts.get(row) as RowParts),
    untilConnected: (leftMs, signal) => channel.ready(leftMs * waitShare, signal),
  }));
  const breakers = [...parts.values()].flatMap(({ breaker }) => breaker ?? []);
  return {
    name: `client of ${options.service.typeName}`,
    call,
    check: () => channel.failure ?? breakers.map(({ reason }) => reason).find((reason) => reason !== undefined),
    async stop() {
      for (const breaker of breakers) breaker.stop();
      channel.stop();
    },
  };
}

const LEFT_OUT = "rpc_client_replicas_left_out_total";

/** Said and counted: which replica gets no calls for a while. */
function leftOutRule({ service, metrics, log }: RpcClientOptions<DescService>): (address: string) => void {
  const callee = service.typeName;
  const known = metrics?.getSingleMetric(LEFT_OUT) as Counter<"service"> | undefined;
  const counter =
    known ??
    (metrics &&
      new Counter({
        name: LEFT_OUT,
        help: "Times that a replica of a service was left out for a while, because it did not answer, or failed, while others answered",
        labelNames: ["service"],
        registers: [metrics],
      }));
  return (address) => {
    counter?.inc({ service: callee });
    log?.warn({ callee, address }, "a replica does not answer while others do: it is left out for a while");
  };
}

function criticalityRule(dependency: Dependencies): Interceptor {
  return (next) => (req) => {
    sendCriticality(req.header, rowOf(dependency, req.method)?.criticality);
    return next(req);
  };
}

interface RowParts {
  readonly row: Dependency;
  readonly budget: RepeatBudget;
  readonly bulkhead: Bulkhead;
  readonly breaker: Breaker | undefined;
}

function partsOf(row: Dependency, { metrics, log }: Pick<RpcClientOptions<DescService>, "metrics" | "log">): RowParts {
  const breaker = isNone(row.breaker) ? undefined : new Breaker(row, row.breaker, { metrics, log });
  return { row, budget: new RepeatBudget(row, metrics), bulkhead: { underWay: 0 }, breaker };
}

interface Bulkhead {
  underWay: number;
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

interface CallRules extends RowParts {
  /** Resolves at once while there is a connection. @throws Error when there was none in time: the call itself then says so. */
  readonly untilConnected: (leftMs: number, signal: AbortSignal | undefined) => Promise<void>;
}

/**
 * Wraps every unary method: Connect takes deadlines as call options only, and turns whatever an interceptor throws
 * into an error of its own.
 */
function withRules<S extends DescService>(
  client: Client<S>,
  { service, dependency }: RpcClientOptions<S>,
  rulesOf: (row: Dependency) => CallRules,
): Client<S> {
  const wrapped: Record<string, unknown> = {};
  for (const [name, method] of Object.entries(service.method)) {
    const original = (client as Record<string, AnyCall>)[name];
    if (!original) continue;
    const row = rowOf(dependency, method);
    if (!row) wrapped[name] = unlisted(dependency, method);
    else wrapped[name] = method.methodKind === "unary" ? withRow(original, rulesOf(row)) : original;
  }
  return wrapped as Client<S>;
}

function unlisted(dependency: Dependencies, method: DescMethod): AnyCall {
  const [one] = Object.values(dependency);
  return () => {
    throw new Error(`the dependency table has no row by which ${one?.caller} calls ${method.name} of ${one?.callee}`);
  };
}

/** From outside in: time, bulkhead, circuit breaker, attempts. */
function withRow(call: AnyCall, rules: CallRules): AnyCall {
  const { row, budget, bulkhead, breaker } = rules;
  return async (request, callOptions) => {
    const deadlineAt = performance.now() + remainingBudgetMs(callOptions?.timeoutMs ?? row.totalMs);
    const leftMs = (): number => Math.floor(deadlineAt - performance.now());
    if (leftMs() < Math.max(1, row.floorMs)) throw tooLate(row);
    if (bulkhead.underWay >= row.bulkhead) throw commonError("unavailable", { details: { retryAfterS: FULL_RETRY_S } });
    const signal = callOptions?.signal ?? currentBudget()?.signal;
    budget.earn();
    bulkhead.underWay++;
    const attempts = (): Promise<unknown> => inAttempts(call, request, { ...rules, callOptions, leftMs, signal });
    try {
      return await (breaker ? breaker.run(attempts) : attempts());
    } finally {
      bulkhead.underWay--;
    }
  };
}

interface Running extends CallRules {
  readonly callOptions: { readonly timeoutMs?: number } | undefined;
  readonly leftMs: () => number;
  readonly signal: AbortSignal | undefined;
}

async function inAttempts(call: AnyCall, request: unknown, running: Running): Promise<unknown> {
  const { row, budget, callOptions, leftMs, signal, untilConnected } = running;
  for (let number = 1; ; number++) {
    // Not of the attempt's time: a callee that restarts is waited for.
    await untilConnected(leftMs(), signal).catch(() => undefined);
    const left = leftMs();
    if (left < 1) throw tooLate(row);
    const timeoutMs = Math.min(row.tryMs, left);
    const startedAt = performance.now();
    try {
      return await call(request, { ...callOptions, timeoutMs, ...(signal ? { signal } : {}) });
    } catch (thrown) {
      const err = toAppError(thrown);
      const late = timeoutMs < left && performance.now() - startedAt >= timeoutMs * LATE_SHARE;
      if (!(await mayRepeat(err, { number, late, leftMs, signal }, budget))) throw err;
    }
  }
}

function tooLate(row: Dependency): AppError {
  const cause = new Error(`too little time was left for ${nameOf(row)}`);
  return commonError("deadline_exceeded", { cause });
}
