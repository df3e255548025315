export {
  childOf,
  continueTrace,
  currentTrace,
  currentTraceparent,
  formatTraceparent,
  newTrace,
  parseTraceparent,
  type TraceContext,
  withTrace,
} from "./context.ts";
export { type Attributes, inSpan, isRecording, type Span, type SpanOptions, startSpan } from "./spans.ts";
export { tracingConfig } from "./config.ts";
// Not here: ./export.ts, which loads the OpenTelemetry SDK. Only a process that is told where its collector is does that.
