// Sends spans to an OpenTelemetry collector in batches, in the background. A slow or unavailable collector never delays work
// or uses unbounded memory: spans that do not fit are dropped and counted.
import {
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from "@opentelemetry/api";
import { ExportResultCode } from "@opentelemetry/core";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BatchSpanProcessor,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { DEPENDENCIES } from "@muster/resilience";
import { Collector } from "./collector.ts";
import { parseTraceparent, type TraceContext } from "./context.ts";
import { isRecording, setRecorder, type Span, type SpanOptions } from "./spans.ts";

export interface ExportOptions {
  readonly service: string;
  readonly instanceId: string;
  /** Base URL of the collector. */
  readonly endpoint: string;
  /** `name=value,name=value` */
  readonly headers: string;
  /** Of all traces, 0 to 1. By the trace's id alone, so that all services choose the same; what a caller asks for is not heeded. */
  readonly share: number;
  /** So many spans have come to the collector. */
  readonly onSent: (spans: number) => void;
  /** So many have not: no room for them (`queue`), or the collector did not take them (`collector`). */
  readonly onLost: (reason: LossReason, spans: number) => void;
  /** Told once when the collector stops taking spans, and without a reason once it takes them again. */
  readonly onCollector: (reason: Error | undefined) => void;
  /** Instead of the usual ones: for tests. */
  readonly limits?: Partial<Limits>;
}

export const LOSS_REASONS = ["queue", "collector"] as const;
export type LossReason = (typeof LOSS_REASONS)[number];

interface Limits {
  /** That wait or are on their way: about 1 KiB each. Policy at the limit: newer ones are lost. */
  readonly waitingMax: number;
  readonly batchMax: number;
  readonly everyMs: number;
  /** For a batch, with its repetitions. */
  readonly sendWithinMs: number;
  /** At the end, for what still waits or is on its way: then it is called off. */
  readonly flushWithinMs: number;
}

const LIMITS: Limits = {
  waitingMax: 4096,
  batchMax: 512,
  everyMs: 2000,
  sendWithinMs: DEPENDENCIES["every process"]["trace collector"].spans.totalMs,
  flushWithinMs: 2000,
};

const KINDS = { server: SpanKind.SERVER, client: SpanKind.CLIENT, internal: SpanKind.INTERNAL };

/** Records every span of this process from now on. Stop it last: it sends what waits, and gives up after a while. */
export function exportSpans(options: ExportOptions): { stop(): Promise<void> } {
  if (isRecording()) throw new Error("this process records its spans already");
  const limits = { ...LIMITS, ...options.limits };
  const collector = new Collector({
    endpoint: options.endpoint,
    headers: headersOf(options.headers),
    sendWithinMs: limits.sendWithinMs,
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      "service.namespace": "muster",
      "service.name": options.service,
      "service.instance.id": options.instanceId,
    }),
    sampler: new TraceIdRatioBasedSampler(options.share),
    spanProcessors: [new BoundedProcessor(collector, options, limits)],
  });
  const tracer = provider.getTracer("muster");
  setRecorder({ start: (spanOptions, parent) => startOn(tracer, spanOptions, parent) });
  return {
    async stop() {
      setRecorder(undefined);
      const timer = setTimeout(() => collector.callOff(), limits.flushWithinMs);
      // What could not be sent has been counted, and told by onCollector. The provider does not wait for more than the first failure.
      await provider.shutdown().catch(() => {});
      await collector.shutdown();
      clearTimeout(timer);
    },
  };
}

function startOn(tracer: Tracer, options: SpanOptions, parent: TraceContext | undefined): Span {
  const { name, kind, attributes = {}, links = [] } = options;
  const isRemote = kind === "server";
  const context = parent ? trace.setSpanContext(ROOT_CONTEXT, { ...spanContextOf(parent), isRemote }) : ROOT_CONTEXT;
  const linked = links.flatMap((link) => {
    const other = parseTraceparent(link);
    return other ? [{ context: spanContextOf(other) }] : [];
  });
  const span = tracer.startSpan(name, { kind: KINDS[kind], attributes: { ...attributes }, links: linked }, context);
  const own = span.spanContext();
  const sampled = (own.traceFlags & TraceFlags.SAMPLED) !== 0;
  return {
    context: { traceId: own.traceId, spanId: own.spanId, sampled },
    end({ error, attributes: more } = {}) {
      if (more) span.setAttributes({ ...more });
      if (error !== undefined) span.setAttribute("error.type", error).setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    },
  };
}

function spanContextOf({ traceId, spanId, sampled }: TraceContext): SpanContext {
  return { traceId, spanId, traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE };
}

/** The SDK's batches, with a bound that includes those on their way, and with every loss counted. */
class BoundedProcessor implements SpanProcessor {
  readonly #batches: BatchSpanProcessor;
  readonly #options: ExportOptions;
  readonly #waitingMax: number;
  #waiting = 0;
  #collectorFails = false;

  constructor(
    collector: SpanExporter,
    options: ExportOptions,
    { waitingMax, batchMax, everyMs, sendWithinMs }: Limits,
  ) {
    this.#options = options;
    this.#waitingMax = waitingMax;
    this.#batches = new BatchSpanProcessor({
      exporter: this.#counted(collector),
      maxQueueSize: waitingMax,
      maxExportBatchSize: batchMax,
      scheduledDelayMillis: everyMs,
      exportTimeoutMillis: sendWithinMs * 2,
    });
  }

  onStart(): void {}

  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return;
    if (this.#waiting >= this.#waitingMax) return this.#options.onLost("queue", 1);
    this.#waiting++;
    this.#batches.onEnd(span);
  }

  forceFlush(): Promise<void> {
    return this.#batches.forceFlush();
  }

  shutdown(): Promise<void> {
    return this.#batches.shutdown();
  }

  #counted(inner: SpanExporter): SpanExporter {
    return {
      export: (spans, done) => {
        const settle: typeof done = (result) => {
          this.#settled(spans.length, result.error);
          done(result);
        };
        try {
          inner.export(spans, settle);
        } catch (thrown) {
          settle({ code: ExportResultCode.FAILED, error: thrown as Error });
        }
      },
      shutdown: () => inner.shutdown(),
    };
  }

  #settled(spans: number, error: Error | undefined): void {
    const { onLost, onSent, onCollector } = this.#options;
    this.#waiting -= spans;
    if (error) onLost("collector", spans);
    else onSent(spans);
    if ((error !== undefined) === this.#collectorFails) return;
    this.#collectorFails = error !== undefined;
    onCollector(error);
  }
}

/** As OTEL_EXPORTER_OTLP_HEADERS has them: values are percent-encoded where they need to be. */
function headersOf(text: string): Record<string, string> {
  const pairs = text.split(",").filter((pair) => pair !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at).trim(), decodeURIComponent(pair.slice(at + 1).trim())];
    }),
  );
}
