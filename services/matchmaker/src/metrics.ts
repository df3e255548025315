import type { Metrics } from "@muster/runtime";
import { Counter, Gauge, Histogram } from "prom-client";
import type { HeldSeats } from "./placement/held-seats.ts";
import type { Sessions } from "./placement/sessions.ts";
import type { Tickets } from "./queue/tickets.ts";

export interface MatchmakerMetrics {
  readonly placements: Counter<"outcome">;
  readonly waited: Histogram;
  /** Of the event loop, per slice of a pass over the queues. */
  readonly slice: Histogram;
  readonly failovers: Counter<"outcome">;
  readonly undone: Counter<"outcome">;
  readonly refused: Counter<"code">;
  readonly noShows: Counter;
  readonly earlyLeaves: Counter;
  readonly notifiedAgain: Counter;
}

export function createMatchmakerMetrics(
  registry: Metrics,
  modes: readonly string[],
  tickets: Tickets,
  sessions: Sessions,
  seats: HeldSeats,
): MatchmakerMetrics {
  const registers = [registry];
  new Gauge({
    name: "matchmaker_waiting_tickets",
    help: "Tickets in the queue",
    labelNames: ["mode"],
    registers,
    collect() {
      for (const mode of modes) this.set({ mode }, tickets.waiting(mode));
    },
  });
  new Gauge({
    name: "matchmaker_sessions",
    help: "Open streams",
    labelNames: ["peer"],
    registers,
    collect() {
      this.set({ peer: "gateway" }, sessions.gateways.size);
      this.set({ peer: "shard" }, sessions.shards.size);
    },
  });
  new Gauge({
    name: "matchmaker_held_matches",
    help: "Matches whose seats keep their players from queueing",
    registers,
    collect() {
      this.set(seats.matches);
    },
  });
  return {
    refused: new Counter({
      name: "matchmaker_tickets_refused_total",
      help: "Tickets that were not taken, or were dropped, and why",
      labelNames: ["code"],
      registers,
    }),
    noShows: new Counter({
      name: "matchmaker_no_shows_total",
      help: "Players who did not come to a match that others came to",
      registers,
    }),
    earlyLeaves: new Counter({
      name: "matchmaker_early_leaves_total",
      help: "Players who left others in a match before it was really played",
      registers,
    }),
    notifiedAgain: new Counter({
      name: "matchmaker_notified_again_total",
      help: "Tickets that were answered with the seat that their player held already",
      registers,
    }),
    placements: new Counter({
      name: "matchmaker_placements_total",
      help: "Groups of tickets by what became of them",
      labelNames: ["outcome"],
      registers,
    }),
    failovers: new Counter({
      name: "matchmaker_failovers_total",
      help: "Matches of lost shards: moved, or given up and why",
      labelNames: ["outcome"],
      registers,
    }),
    slice: new Histogram({
      name: "matchmaker_slice_seconds",
      help: "Time of one slice of a pass over the queues, in which nothing else runs",
      buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
      registers,
    }),
    undone: new Counter({
      name: "matchmaker_placements_undone_total",
      help: "Recorded matches that are not played after all: cancelled, gone, or left to their lease",
      labelNames: ["outcome"],
      registers,
    }),
    waited: new Histogram({
      name: "matchmaker_wait_seconds",
      help: "From queueing to the match",
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    }),
  };
}
