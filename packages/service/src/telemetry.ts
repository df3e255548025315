import type { Logger } from "@muster/log";
import type { Component, Metrics } from "@muster/runtime";
import { Counter } from "prom-client";
import type { ServiceConfig } from "./fields.ts";

interface TelemetryOptions {
  readonly service: string;
  readonly instanceId: string;
  readonly config: ServiceConfig;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** The first component of a process that has an OpenTelemetry collector, and so the last to stop: nothing in one that has none. */
export function createTelemetry({ service, instanceId, config, metrics, log }: TelemetryOptions): readonly Component[] {
  const endpoint = config.otelExporterOtlpEndpoint;
  if (endpoint === "") return [];
  const sent = new Counter({
    name: "trace_spans_sent_total",
    help: "Spans that the OpenTelemetry collector has accepted",
    registers: [metrics],
  });
  const lost = new Counter({
    name: "trace_spans_lost_total",
    help: "Spans that were lost: the queue was full (queue), or the OpenTelemetry collector did not accept them (collector)",
    labelNames: ["reason"],
    registers: [metrics],
  });
  const collector = new URL(endpoint).origin; // a password may stand before the host
  let exporting: { stop(): Promise<void> } | undefined;
  return [
    {
      name: "telemetry",
      async start() {
        // Some megabytes that only a process with a collector needs.
        const { exportSpans, LOSS_REASONS } = await import("@muster/tracing/export");
        for (const reason of LOSS_REASONS) lost.inc({ reason }, 0);
        exporting = exportSpans({
          service,
          instanceId,
          endpoint,
          headers: config.otelExporterOtlpHeaders,
          share: Number(config.otelTracesSamplerArg),
          onSent: (spans) => sent.inc(spans),
          onLost: (reason, spans) => lost.inc({ reason }, spans),
          onCollector(err) {
            if (err)
              log.warn(
                { collector, reason: reasonOf(err) },
                "the trace collector does not accept spans; they are lost",
              );
            else log.info({ collector }, "the trace collector accepts spans again");
          },
        });
      },
      stop: async () => exporting?.stop(),
    },
  ];
}

/** A refused connection to a name with several addresses has no message. */
function reasonOf(err: Error & { readonly code?: string }): string {
  return err.message || (err.code ?? err.name);
}
