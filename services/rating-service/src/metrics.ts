// Every instrument of rating-service. Those of outbox and consumers are in packages/events.
import { type Metrics } from "@muster/runtime";
import { Counter, Histogram } from "prom-client";
import type { Applied } from "./apply.ts";
import type { Rewound } from "./rewind.ts";

export interface RatingMetrics {
  result(applied: Applied): void;
  rewound(what: Rewound, seconds: number): void;
}

export function createRatingMetrics(registry: Metrics): RatingMetrics {
  const registers = [registry];
  const results = new Counter({
    name: "rating_results_total",
    help: "Results of matches that were taken in, by what became of them; late ones wait for a rewind",
    labelNames: ["result"],
    registers,
  });
  const rewinds = new Histogram({
    name: "rating_rewind_seconds",
    help: "How long a mode's results had to wait for a rewind",
    buckets: [0.1, 0.5, 1, 5, 10, 30, 60, 300],
    registers,
  });
  const recomputed = new Counter({
    name: "rating_rewind_results_total",
    help: "Results that rewinds computed again",
    registers,
  });
  for (const result of ["applied", "late", "not_rated", "excluded", "duplicate"]) results.inc({ result }, 0);
  return {
    result: (applied) => results.inc({ result: applied }),
    rewound({ computed }, seconds) {
      rewinds.observe(seconds);
      recomputed.inc(computed);
    },
  };
}
