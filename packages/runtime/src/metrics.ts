import { collectDefaultMetrics, Registry } from "prom-client";

export type Metrics = Registry;

/** A registry per process (per app in tests), with Node's own numbers under `nodejs_` and `process_`. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  return registry;
}
