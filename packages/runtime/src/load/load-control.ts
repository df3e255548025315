import { Counter, Gauge } from "prom-client";
import type { Component } from "../components.ts";
import type { Criticality } from "../criticality.ts";
import type { Metrics } from "../metrics.ts";
import { LoadShedder, type ShedReason } from "./load-shedder.ts";
import { LoopGuard } from "./loop-guard.ts";

export interface LoadLimits {
  /** Calls in flight: however slow they get, so many are admitted. */
  readonly callsInFlightMin: number;
  /** However fast they are. */
  readonly callsInFlightMax: number;
  /** A later event loop refuses what is sheddable, milliseconds. */
  readonly eventLoopLateMs: number;
}

/** What a process does about too much work: a part of every process that serves calls. */
export interface LoadControl extends Component {
  /**
   * @param of for what: the calls of a server, or those that need one other service
   * @param calls a fixed limit, for what has another bulkhead behind it
   */
  shedder(of: string, calls?: number): LoadShedder;
}

export function createLoadControl(limits: LoadLimits, metrics: Metrics): LoadControl {
  const guard = new LoopGuard(limits.eventLoopLateMs);
  const shedders = new Map<string, LoadShedder>();
  const shed = new Counter<"of" | "criticality" | "why">({
    name: "load_shed_total",
    help: "Calls refused before any work was done for them, because too many were in flight or the event loop was late",
    labelNames: ["of", "criticality", "why"],
    registers: [metrics],
  });
  gaugeOf(metrics, "load_limit_calls", "Calls that may be in flight, as follows from how long the last ones took", () =>
    [...shedders].map(([of, { limit }]) => [of, limit]),
  );
  gaugeOf(metrics, "load_in_flight_calls", "Calls in flight that count towards load_limit_calls", () =>
    [...shedders].map(([of, { inFlight }]) => [of, inFlight]),
  );
  new Gauge({
    name: "load_event_loop_late_seconds",
    help: "How late timers run lately, because of this process's own work",
    registers: [metrics],
    collect() {
      this.set(guard.lateMs / 1000);
    },
  });
  return {
    name: guard.name,
    start: () => guard.start(),
    stop: () => guard.stop(),
    shedder(of, calls) {
      const shedder = new LoadShedder({
        guard,
        min: calls ?? limits.callsInFlightMin,
        max: calls ?? Math.max(limits.callsInFlightMin, limits.callsInFlightMax),
        now: () => performance.now(),
        onShed: (criticality: Criticality, why: ShedReason) => shed.inc({ of, criticality, why }),
      });
      shedders.set(of, shedder);
      return shedder;
    },
  };
}

function gaugeOf(
  metrics: Metrics,
  name: string,
  help: string,
  values: () => readonly (readonly [string, number])[],
): void {
  new Gauge({
    name,
    help,
    labelNames: ["of"],
    registers: [metrics],
    collect() {
      for (const [of, value] of values()) this.set({ of }, value);
    },
  });
}
