// Spans: what a process did for a trace, and when. Without a recorder, which is the default, spans only provide their
// context: ids are created, propagated and logged as usual, but nothing is recorded.
import { childOf, newTrace, parseTraceparent, type TraceContext, withTrace } from "./context.ts";

export type Attributes = Readonly<Record<string, string | number | boolean>>;

export interface SpanOptions {
  /** Few different ones: of the kind of work, with no ids in it. */
  readonly name: string;
  /** `server`: asked by another process or a player; `client`: asks another process; `internal`: neither. */
  readonly kind: "server" | "client" | "internal";
  readonly attributes?: Attributes;
  /** `traceparent`s of further traces that this is done for. */
  readonly links?: readonly string[];
}

export interface Span {
  readonly context: TraceContext;
  /** Once. With `error`, the code of what went wrong, the span counts as failed. */
  end(outcome?: { readonly error?: string | undefined; readonly attributes?: Attributes }): void;
}

/** Makes the spans that are exported: see export.ts. */
export interface SpanRecorder {
  start(options: SpanOptions, parent: TraceContext | undefined): Span;
}

let recorder: SpanRecorder | undefined;

/** For the whole process, as OpenTelemetry means it: a process is one service. */
export function setRecorder(next: SpanRecorder | undefined): void {
  recorder = next;
}

export function isRecording(): boolean {
  return recorder !== undefined;
}

/** Continues the parent's trace, or starts one. */
export function startSpan(options: SpanOptions, parent: TraceContext | undefined): Span {
  if (recorder) return recorder.start(options, parent);
  return { context: parent ? childOf(parent) : newTrace(), end: () => {} };
}

/** Runs `fn` in a span that continues the caller's trace, or starts one. It ends when `fn` has, or the promise that it returned. */
export function inSpan<T>(options: SpanOptions, traceparent: string | undefined | null, fn: () => T): T {
  const span = startSpan(options, parseTraceparent(traceparent));
  return withTrace(span.context, () => (recorder ? ended(span, fn) : fn()));
}

function ended<T>(span: Span, fn: () => T): T {
  const failed = (thrown: unknown): never => {
    span.end({ error: codeOf(thrown) });
    throw thrown;
  };
  let result: T;
  try {
    result = fn();
  } catch (thrown) {
    return failed(thrown);
  }
  if (result instanceof Promise)
    return result.then((value: unknown) => {
      span.end();
      return value;
    }, failed) as T;
  span.end();
  return result;
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return "unknown";
  return "code" in thrown && typeof thrown.code === "string" ? thrown.code : thrown.name;
}
