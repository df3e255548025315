import { collectDefaultMetrics, Counter, Gauge, Registry } from "prom-client";

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
    help: "This process's clock, seconds since 1970 UTC; the process verifies tokens and deadlines with it",
    registers: [registry],
    collect() {
      this.set(Date.now() / 1000);
    },
  });
  return registry;
}

/** As it is when somebody asks. */
export function collectedGauge(registry: Metrics, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

/** What a hot path counts in a plain number of its own, read when somebody asks. The name ends in `_total`, as every Counter's. */
export function collectedCounter(registry: Metrics, name: string, help: string, value: () => number): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}
