import { builtClients } from "@muster/resilience";
import type { Metrics } from "@muster/runtime";
import { Gauge } from "prom-client";

/** What this process has built from the dependency table, to be compared with it. */
export function showOutgoingClients(metrics: Metrics): void {
  new Gauge({
    name: "outgoing_clients",
    help: "Clients, pools, producers and links that were built from a row of the dependency table since the start",
    labelNames: ["caller", "callee", "methods", "kind"],
    registers: [metrics],
    collect() {
      for (const { row, clients } of builtClients())
        this.set({ caller: row.caller, callee: row.callee, methods: row.methodClass, kind: row.kind }, clients);
    },
  });
}
