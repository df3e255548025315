import { collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** How often the lag of the event loop is looked at. The library's 10 ms would wake an idle process a hundred times a second. */
const LAG_EVERY_MS = 100;

export type Metrics = Registry;

/** A registry per process (per app in tests), with Node's own numbers under `nodejs_` and `process_`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_EVERY_MS });
  new Gauge({
    name: "clock_seconds",
    help: "This process's clock, seconds since 1970 UTC: tokens and deadlines go by it",
    registers: [registry],
    collect() {
      this.set(Date.now() / 1000);
    },
  });
  return registry;
}
