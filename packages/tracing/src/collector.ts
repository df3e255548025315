// Sends batches of spans to an OpenTelemetry collector: OTLP over HTTP, Protobuf. A batch has one deadline for the whole exchange and
// can be cancelled. The SDK's own exporter supports neither: it waits forever for an answer that arrives one byte at a time, and so
// does a process that is stopping.
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { backoffMs, createHttpCaller, DEPENDENCIES } from "@muster/resilience";
import { type ExportResult, ExportResultCode } from "@opentelemetry/core";
import { ProtobufTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan, SpanExporter } from "@opentelemetry/sdk-trace";

interface CollectorOptions {
  /** Base URL; a user and password in it become the `authorization` header. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** For a batch, with its repetitions. */
  readonly sendWithinMs: number;
}

const ROW = DEPENDENCIES["every process"]["trace collector"].spans;
/** An answer says at most why some spans were not taken. */
const ANSWER_BYTES_MAX = 64 * 1024;
/** It is not ready, or something before it is not. */
const RETRIED_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export class Collector implements SpanExporter {
  readonly #url: URL;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #sendWithinMs: number;
  readonly #http = createHttpCaller(ROW);
  /** As many as fit into the spans that may wait: see export.ts. */
  readonly #sending = new Map<AbortController, Promise<void>>();

  constructor({ endpoint, headers, sendWithinMs }: CollectorOptions) {
    this.#url = new URL(`${endpoint.replace(/\/+$/, "")}/v1/traces`);
    this.#headers = { ...headers, "content-type": "application/x-protobuf" };
    this.#sendWithinMs = sendWithinMs;
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    const body = ProtobufTraceSerializer.serializeRequest(spans) ?? new Uint8Array();
    const controller = new AbortController();
    this.#sending.set(controller, this.#export(body, controller, done));
  }

  /** When all that is under way has ended. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.#sending.values());
  }

  /** What is under way is lost. */
  callOff(): void {
    for (const controller of this.#sending.keys()) controller.abort(new Error("called off: the process stops"));
  }

  async #export(body: Uint8Array, controller: AbortController, done: (result: ExportResult) => void): Promise<void> {
    let result: ExportResult = { code: ExportResultCode.SUCCESS };
    try {
      await this.#send(body, controller);
    } catch (thrown) {
      result = { code: ExportResultCode.FAILED, error: thrown as Error };
    }
    this.#sending.delete(controller);
    done(result);
  }

  async #send(body: Uint8Array, controller: AbortController): Promise<void> {
    const { signal } = controller;
    const within = this.#sendWithinMs;
    const timer = setTimeout(() => controller.abort(new Error(`no answer within ${within} ms`)), within);
    let failure: Error | undefined;
    try {
      for (let attempt = 1; attempt <= ROW.attempts; attempt++) {
        if (attempt > 1) await sleep(backoffMs(ROW.backoff, attempt - 1), undefined, { signal });
        const status = await this.#post(body, signal).catch((err: Error) => {
          if (!signal.aborted) failure = err;
          return undefined;
        });
        if (status !== undefined && status >= 200 && status < 300) return;
        if (status !== undefined) failure = new Error(`HTTP ${status}`);
        if (signal.aborted || (status !== undefined && !RETRIED_STATUS.has(status))) break;
      }
    } catch {
      // Called off, or too late, between two attempts: the last one says why.
    } finally {
      clearTimeout(timer);
    }
    throw failure ?? (signal.reason as Error);
  }

  /** @returns the status: all that is of interest of the answer, which is read to its end so that its connection can be used again */
  #post(body: Uint8Array, signal: AbortSignal): Promise<number> {
    return new Promise((resolve, reject) => {
      let answered = false;
      const onResponse = (response: IncomingMessage): void => {
        answered = true;
        response.on("error", () => {}); // it was cut off: its status is known
        response.on("close", () => resolve(response.statusCode as number));
        let read = 0;
        response.on("data", (chunk: Buffer) => {
          read += chunk.length;
          if (read > ANSWER_BYTES_MAX) response.destroy();
        });
      };
      const headers = { ...this.#headers, "content-length": body.length };
      const sent = this.#http.request(this.#url, { method: "POST", headers, signal }, onResponse);
      // An answer that is cut off fails its request too, and is closed later.
      sent.on("error", (err) => {
        if (!answered) reject(err);
      });
      // Without an error too: of an answer with 101 Node hears nothing more.
      sent.on("close", () => {
        if (!answered) reject(new Error("the connection was closed without an answer"));
      });
      sent.end(body);
    });
  }
}
