// W3C Trace Context, level 1 (https://www.w3.org/TR/trace-context/): enough to follow one request through every
// process. The current context lives in an AsyncLocalStorage; logs and outgoing calls read it from there.
import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

/** One hop of a trace. Ids are lower-case hexadecimal: 32 digits for the trace, 16 for the span. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly sampled: boolean;
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const RANDOM_POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
const current = new AsyncLocalStorage<TraceContext>();

/** Parses a `traceparent`; undefined when it is absent or malformed, in which case a new trace is started. */
export function parseTraceparent(text: string | undefined | null): TraceContext | undefined {
  const match = text ? TRACEPARENT.exec(text) : null;
  if (!match) return undefined;
  const [, version, traceId, spanId, flags] = match as unknown as [string, string, string, string, string];
  if (version === "ff" || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  if (version === "00" && text !== undefined && text !== null && text.length !== 55) return undefined;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent(context: TraceContext): string {
  return `00-${context.traceId}-${context.spanId}-${context.sampled ? "01" : "00"}`;
}

export function newTrace(): TraceContext {
  return { traceId: randomHex(16), spanId: randomHex(8), sampled: true };
}

/** The same trace, a new span: what a process sends to the next one. */
export function childOf(parent: TraceContext): TraceContext {
  return { ...parent, spanId: randomHex(8) };
}

/** Continues the caller's trace as a new span, or starts a trace. */
export function continueTrace(traceparent: string | undefined | null): TraceContext {
  const parent = parseTraceparent(traceparent);
  return parent ? childOf(parent) : newTrace();
}

export function currentTrace(): TraceContext | undefined {
  return current.getStore();
}

/** Of the trace that this runs in, or of a new one: for what is stored or sent and followed later. */
export function currentTraceparent(): string {
  return formatTraceparent(currentTrace() ?? newTrace());
}

/** Runs `fn`, and everything that it starts, within the trace. */
export function withTrace<T>(context: TraceContext, fn: () => T): T {
  return current.run(context, fn);
}

/** From a pool: each call of the system's generator costs more than all the rest of a span. */
function randomHex(bytes: number): string {
  if (pool.length < bytes) pool = randomBytes(RANDOM_POOL_BYTES);
  const hex = pool.toString("hex", 0, bytes);
  pool = pool.subarray(bytes);
  return hex;
}
