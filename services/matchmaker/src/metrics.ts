import type { Metrics } from "@muster/runtime";
import { Counter, Gauge, Histogram } from "prom-client";
import type { HeldSeats } from "./placement/held-seats.ts";
import type { PeerSessions } from "./placement/peer-sessions.ts";
import type { Shortage } from "./placement/shards.ts";
import type { PausedQueues } from "./queue/paused-queues.ts";
import type { Tickets } from "./queue/tickets.ts";

export interface MatchmakerMetrics {
  readonly placements: Counter<"outcome">;
  readonly waited: Histogram;
  /** Of the stronger one of two. */
  readonly favouriteChance: Histogram;
  /** Of the event loop, per slice of a pass over the queues. */
  readonly slice: Histogram;
  readonly failovers: Counter<"outcome">;
  readonly undone: Counter<"outcome">;
  readonly refused: Counter<"code">;
  readonly noShows: Counter;
  readonly earlyLeaves: Counter;
  readonly notifiedAgain: Counter;
}

export interface MatchmakerGauges {
  readonly tickets: Pick<Tickets, "waiting">;
  readonly sessions: PeerSessions;
  readonly seats: HeldSeats;
  readonly paused: Pick<PausedQueues, "count">;
}

const SHORTAGES: readonly Shortage[] = ["no_shard", "no_room", "shards_busy"];

export function createMatchmakerMetrics(
  registry: Metrics,
  modes: readonly string[],
  { tickets, sessions, seats, paused }: MatchmakerGauges,
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
    help: "Open sessions of gateways and shards",
    labelNames: ["peer"],
    registers,
    collect() {
      this.set({ peer: "gateway" }, sessions.gateways.size);
      this.set({ peer: "shard" }, sessions.shards.size);
    },
  });
  new Gauge({
    name: "matchmaker_queues_paused",
    help: "Queues in which nobody is paired because no shard takes further matches, by reason; for longer than a second",
    labelNames: ["reason"],
    registers,
    collect() {
      for (const reason of SHORTAGES) this.set({ reason }, paused.count(reason));
    },
  });
  new Gauge({
    name: "matchmaker_held_matches",
    help: "Matches whose players hold seats and therefore cannot queue",
    registers,
    collect() {
      this.set(seats.matches);
    },
  });
  return {
    refused: new Counter({
      name: "matchmaker_tickets_refused_total",
      help: "Tickets that were refused or dropped, with the reason",
      labelNames: ["code"],
      registers,
    }),
    noShows: new Counter({
      name: "matchmaker_no_shows_total",
      help: "Players who did not join a match that others joined",
      registers,
    }),
    earlyLeaves: new Counter({
      name: "matchmaker_early_leaves_total",
      help: "Players who left a match with others before SHARD_PLAYED_AFTER_MS",
      registers,
    }),
    notifiedAgain: new Counter({
      name: "matchmaker_notified_again_total",
      help: "Tickets answered with the seat that the player already held",
      registers,
    }),
    placements: new Counter({
      name: "matchmaker_placements_total",
      help: "Groups of tickets, by the outcome of their placement",
      labelNames: ["outcome"],
      registers,
    }),
    failovers: new Counter({
      name: "matchmaker_failovers_total",
      help: "Matches of lost shards: moved, or cancelled, with the reason",
      labelNames: ["outcome"],
      registers,
    }),
    slice: new Histogram({
      name: "matchmaker_slice_seconds",
      help: "Duration of one slice of a pass over the queues, during which nothing else runs",
      buckets: [0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 1],
      registers,
    }),
    undone: new Counter({
      name: "matchmaker_placements_undone_total",
      help: "Recorded matches that could not be started: cancelled, already over, or left until their lease expires",
      labelNames: ["outcome"],
      registers,
    }),
    favouriteChance: new Histogram({
      name: "matchmaker_favourite_win_chance",
      help: "Of matches of two players: the chance to win that the stronger one has by the ratings, 0.5 to 1",
      buckets: [0.55, 0.6, 0.65, 0.7, 0.8, 0.9, 1],
      registers,
    }),
    waited: new Histogram({
      name: "matchmaker_wait_seconds",
      help: "Time from joining the queue to the match",
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120],
      registers,
    }),
  };
}
